import { css } from 'lit';

/** The customer's picture with what is covered, and below it what the technician is left with. */
export const coverStyles = css`
  dialog {
    width: min(44rem, 100vw);
    max-width: 100vw;
    height: 100dvh;
    max-height: 100dvh;
    padding: 12px 16px max(12px, env(safe-area-inset-bottom));
    border-radius: 0;
  }

  .frame {
    display: flex;
    flex-direction: column;
    gap: 10px;
    min-height: 100%;
  }

  dialog h2 {
    margin: 0;
  }

  h3 {
    margin: 0 0 4px;
    font-size: 0.9375rem;
    line-height: 1.25;
  }

  .hint {
    margin: 0;
    color: var(--quiet);
    font-size: clamp(0.8125rem, 4vw, 0.9375rem);
    line-height: 1.3;
  }

  .own {
    position: relative;
    align-self: center;
    width: 100%;
    max-height: 52dvh;
    min-height: 0;
    border-radius: 12px;
    background: #0b1318;
    overflow: hidden;
    isolation: isolate;
    touch-action: none;
    cursor: crosshair;
  }

  .own video {
    display: block;
    width: 100%;
    height: 100%;
  }

  .mirrored {
    scale: -1 1;
  }

  /* Seen through a little by the customer alone, who has to find what is to be covered. */
  .shade,
  .own .cover {
    position: absolute;
    z-index: 1;
    background: rgb(0 0 0 / 0.8);
  }

  .shade {
    inset: 0;
  }

  .own .cover {
    min-width: 0;
    min-height: 0;
    padding: 0;
    border: 2px solid #ffffff;
    border-radius: 0;
    outline: 1px solid #000000;
    cursor: move;
    touch-action: none;
  }

  .own .cover:focus-visible {
    outline: 3px solid #ffd27a;
    outline-offset: 0;
  }

  .own .drawing {
    pointer-events: none;
  }

  .tools {
    display: grid;
    grid-template-columns: repeat(3, 1fr);
    gap: 8px;
  }

  @media (max-width: 359px) {
    .tools {
      grid-template-columns: repeat(2, 1fr);
    }

    .tools button:first-child {
      grid-column: 1 / -1;
    }
  }

  .tools button {
    min-height: 48px;
    padding: 6px 4px;
    font-size: clamp(0.75rem, 3.6vw, 0.9375rem);
    hyphens: auto;
  }

  .tools [aria-pressed='true'] {
    background: var(--accent);
    color: var(--on-accent);
  }

  .below {
    display: flex;
    gap: 16px;
    align-items: end;
    justify-content: space-between;
    position: sticky;
    bottom: -12px;
    padding-block: 8px 12px;
    margin: auto 0 -12px;
    background: var(--card);
  }

  section {
    flex: 1;
    min-width: 0;
  }

  .sent {
    display: block;
    max-width: min(100%, 15rem);
    max-height: 22dvh;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: #0b1318;
  }
`;

import { css } from 'lit';

export const newSessionStyles = css`
  dialog {
    width: min(620px, calc(100vw - 32px));
  }

  .who {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 12px 16px;
  }

  .tabs {
    display: flex;
    gap: 4px;
    border-bottom: 1px solid var(--line);
  }

  .tabs [role='tab'] {
    min-height: 40px;
    padding: 0 14px;
    border: 0;
    border-bottom: 2px solid transparent;
    margin-bottom: -1px;
    background: transparent;
    color: var(--muted);
    font: inherit;
    font-weight: 550;
    cursor: pointer;
  }

  .tabs [role='tab']:hover {
    color: var(--ink);
  }

  .tabs [aria-selected='true'] {
    border-bottom-color: var(--accent);
    color: var(--accent);
  }

  .tabs [role='tab']:focus-visible {
    outline-offset: -2px;
    border-radius: 6px;
  }

  /* As high as the highest of the four, so that nothing jumps when the tab changes. */
  .panel {
    display: grid;
    align-content: center;
    gap: 12px;
    min-height: 216px;
    padding: 16px 0 4px;
  }

  .panel > .button {
    justify-self: start;
  }

  .panel > pin-code,
  .panel > .center {
    justify-self: center;
  }

  /* Takes the place of tabs and panel, in their height. */
  .connected {
    display: grid;
    align-content: center;
    justify-items: center;
    gap: 8px;
    min-height: 296px;
    border-radius: var(--radius);
    background: var(--live-soft);
    text-align: center;
    animation: appear 160ms ease-out;
  }

  .connected h2 {
    font-size: 20px;
  }

  .connected .disc {
    color: var(--live);
    font-size: 40px;
    line-height: 1;
  }

  .connected .notes {
    color: var(--amber);
    font-weight: 550;
  }

  .connected .notice {
    align-items: center;
    margin: 8px 16px 0;
    text-align: left;
  }

  @keyframes appear {
    from {
      opacity: 0;
      scale: 0.98;
    }
  }

  .press {
    display: flex;
    flex-wrap: wrap;
    gap: 8px 16px;
    align-items: center;
  }

  fieldset {
    display: grid;
    gap: 8px;
    margin: 0;
    padding: 0;
    border: 0;
  }

  .choice {
    display: flex;
    gap: 8px;
    align-items: flex-start;
    cursor: pointer;
  }

  .choice input {
    margin: 3px 0 0;
    accent-color: var(--accent);
  }

  .spinner {
    width: 16px;
    height: 16px;
    margin-top: 2px;
    border: 2px solid var(--line-strong);
    border-top-color: var(--accent);
    border-radius: 50%;
    animation: turn 1s steps(12) infinite;
  }

  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }
`;

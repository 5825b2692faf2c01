import { css } from 'lit';

export const photoViewerStyles = css`
  dialog {
    width: calc(100vw - 48px);
    height: calc(100dvh - 48px);
    max-width: none;
    max-height: none;
  }

  dialog[open] {
    display: flex;
    flex-direction: column;
  }

  .middle {
    display: flex;
    flex: 1;
    min-height: 0;
  }

  .drawing {
    display: flex;
    flex-direction: column;
    gap: 10px;
    padding: 8px;
    overflow: auto;
  }

  .grid {
    display: grid;
    grid-template-columns: repeat(2, 36px);
    gap: 4px;
  }

  .button.square {
    min-width: 36px;
    min-height: 36px;
    padding: 0;
    font-size: 16px;
  }

  .button[aria-pressed='true'] {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }

  .colour {
    display: grid;
    place-items: center;
    width: 36px;
    height: 28px;
    padding: 0;
    border: 2px solid transparent;
    border-radius: var(--radius-small);
    background: none;
    cursor: pointer;
  }

  .colour[aria-pressed='true'] {
    border-color: var(--ink);
  }

  .colour span {
    width: 20px;
    height: 20px;
    border: 1px solid var(--line-strong);
    border-radius: 50%;
  }

  .picture {
    position: relative;
    flex: 1;
    min-width: 0;
    background: var(--stage);
    overflow: hidden;
  }

  img {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: contain;
    user-select: none;
  }

  @media (max-width: 760px) {
    .middle {
      flex-wrap: wrap;
    }

    .picture {
      min-height: 60%;
    }

    photo-reading {
      width: 100%;
      max-height: 38%;
    }
  }

  .said {
    margin: 0;
    padding: 0 16px;
    color: var(--danger);
  }

  .foot {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
    align-items: center;
    padding: 12px 16px;
  }

  .spring {
    flex: 1;
  }
`;

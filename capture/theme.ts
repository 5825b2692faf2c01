import { css } from 'lit';

/** Colours, once, on the root element of the page; custom properties reach every shadow tree below it. */
export const tokens = css`
  :host {
    --ink: #14212b;
    --quiet: #465866;
    --paper: #f6f8f8;
    --card: #ffffff;
    --line: #7c8c96;
    --accent: #0a6472;
    --on-accent: #ffffff;
    --accent-soft: #e0eef0;
    --live: #1b7f46;
    --warn: #a65b00;
    --danger: #b3283c;
    --danger-soft: #fbe9eb;
    --radius: 10px;
    color: var(--ink);
    background: var(--paper);
  }

  @media (prefers-color-scheme: dark) {
    :host {
      --ink: #e9eff1;
      --quiet: #a9b8c0;
      --paper: #101a21;
      --card: #1a272f;
      --line: #71838e;
      --accent: #5cc8d4;
      --on-accent: #06242a;
      --accent-soft: #17363d;
      --live: #5fce8d;
      --warn: #f0ab4f;
      --danger: #ff8c98;
      --danger-soft: #3a1d23;
    }
  }
`;

/** Elements that look the same everywhere. */
export const controls = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  h1,
  h2,
  p,
  ul,
  ol {
    margin: 0;
    padding: 0;
  }

  /* The longest German word of a heading, Nutzungsbedingungen, still fits a line on a 320 px screen. */
  h1 {
    font-size: clamp(1.0625rem, 5.9vw, 1.5rem);
    line-height: 1.2;
    font-weight: 700;
    letter-spacing: -0.01em;
    text-wrap: balance;
    overflow-wrap: break-word;
    hyphens: auto;
  }

  /* A heading gets the focus so that a screen reader goes on from there; it is not a control. */
  h1:focus {
    outline: none;
  }

  p {
    overflow-wrap: break-word;
  }

  .quiet-text {
    color: var(--quiet);
  }

  button,
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 56px;
    padding: 8px 24px;
    border: 2px solid var(--accent);
    border-radius: var(--radius);
    background: transparent;
    color: var(--accent);
    font: inherit;
    font-weight: 650;
    line-height: 1.2;
    text-align: center;
    text-decoration: none;
    cursor: pointer;
    touch-action: manipulation;
    -webkit-tap-highlight-color: transparent;
  }

  .primary {
    background: var(--accent);
    color: var(--on-accent);
  }

  button:active,
  .button:active {
    filter: brightness(0.9);
  }

  button:disabled {
    opacity: 0.55;
    cursor: default;
  }

  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 3px;
  }

  .actions {
    display: flex;
    flex-direction: column;
    gap: 12px;
  }

  .alert {
    display: flex;
    gap: 12px;
    padding: 12px 16px;
    border-radius: var(--radius);
    border-inline-start: 4px solid var(--danger);
    background: var(--danger-soft);
  }

  .alert .icon {
    flex: none;
    color: var(--danger);
  }

  .icon {
    display: block;
    flex: none;
  }

  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  .spinner {
    flex: none;
    width: 24px;
    height: 24px;
    border: 3px solid var(--accent-soft);
    border-top-color: var(--accent);
    border-radius: 50%;
    animation: turn 1.1s steps(12) infinite;
  }

  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  @media (prefers-reduced-motion: reduce) {
    .spinner {
      animation-duration: 6s;
    }
  }
`;

/** A step that has the screen for itself: words above, actions within reach of the thumb below. */
export const pageStep = css`
  :host {
    flex: 1;
    display: flex;
    flex-direction: column;
    width: 100%;
    max-width: 32rem;
    margin: 0 auto;
    padding: 8px 24px max(24px, env(safe-area-inset-bottom));
  }

  .content {
    flex: 1;
    display: flex;
    flex-direction: column;
  }

  .words {
    display: flex;
    flex-direction: column;
    gap: 16px;
  }

  .content > .actions {
    margin-top: auto;
    padding-top: 24px;
  }

  /* Within reach of the thumb, however long the text is; not where it would cover half of the screen. */
  @media (min-height: 480px) {
    .content > .actions {
      position: sticky;
      bottom: 0;
      margin-bottom: -24px;
      padding-bottom: 24px;
      background: linear-gradient(transparent, var(--paper) 24px);
    }
  }

  @media (min-height: 700px) and (min-width: 600px) {
    :host {
      justify-content: center;
    }

    .content {
      flex: none;
    }
  }

  /* A phone on its side: words left, actions right, nothing to scroll for. */
  @media (orientation: landscape) and (min-width: 560px) and (max-height: 560px) {
    :host {
      max-width: 56rem;
    }

    .content {
      flex-direction: row;
      gap: 32px;
      align-items: flex-start;
    }

    .words {
      flex: 1;
    }

    .content > .actions {
      position: sticky;
      top: 16px;
      flex: 0 0 17rem;
      margin: 0;
      padding: 0;
      background: none;
    }
  }
`;

/** A step over the customer's own picture: a sheet from below, or beside it where the screen is wide and low. */
export const sheetStep = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 12px;
    width: 100%;
    max-width: 36rem;
    max-height: 100%;
    margin: auto auto 0;
    padding: 24px 24px max(24px, env(safe-area-inset-bottom));
    border-radius: 20px 20px 0 0;
    background: var(--card);
    color: var(--ink);
    overflow-y: auto;
    overscroll-behavior: contain;
  }

  .actions {
    padding-top: 8px;
  }

  @media (max-width: 360px) {
    :host {
      padding-inline: 16px;
    }
  }

  @media (orientation: landscape) and (max-height: 560px) {
    :host {
      width: min(54%, 30rem);
      min-height: 100%;
      margin: 0 0 0 auto;
      padding: 24px max(24px, env(safe-area-inset-right)) 24px 24px;
      border-radius: 20px 0 0 20px;
      justify-content: center;
    }
  }
`;

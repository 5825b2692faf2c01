import { css } from 'lit';

/** A short word over the picture. */
export const pillStyles = css`
  .pill {
    background: rgb(11 19 24 / 0.78);
    color: #ffffff;
  }

  .pill {
    display: inline-flex;
    gap: 8px;
    align-items: center;
    min-height: 44px;
    padding: 8px 16px;
    border-radius: 22px;
    font-size: 1rem;
    line-height: 1.25;
    overflow-wrap: anywhere;
  }

  /* Below the button for the language, which the first line leaves room for. */
  .pill.wide {
    margin-inline-end: -72px;
  }

  .photo-sending > span {
    flex: 1;
  }

  .photo-sending progress {
    display: block;
    width: 100%;
    margin-top: 8px;
    accent-color: #5fce8d;
  }

  .pill .aside {
    display: flex;
    gap: 4px;
    align-items: center;
  }

  /* The live green of dark mode: this lies on dark glass in both schemes. */
  .pill level-meter {
    color: #5fce8d;
  }

  .pill .icon {
    width: 20px;
    height: 20px;
  }

  p.pill {
    margin: 0;
  }

  @media (max-width: 280px) {
    .pill.wide {
      margin-inline-end: 0;
    }
  }
`;

/** The session lies over the picture: light words on dark glass, whatever the colour scheme is. */
export const sessionStyles = css`
  :host {
    display: grid;
    grid-template: auto 1fr auto / minmax(0, 1fr);
    flex: none;
    width: 100%;
    min-height: 100%;
  }

  /* While the finger draws on the picture behind, the page lets it through everywhere else. */
  button,
  dialog,
  consent-sheet,
  ::slotted(*) {
    pointer-events: auto;
  }

  .glass,
  .notice,
  .bar {
    background: rgb(11 19 24 / 0.78);
    color: #ffffff;
  }

  .top {
    grid-row: 1;
    display: flex;
    flex-direction: column;
    gap: 12px;
    align-items: start;
    min-height: 60px;
    padding: 8px 88px 8px 16px;
  }

  .dot {
    flex: none;
    width: 12px;
    height: 12px;
    border-radius: 50%;
    background: #5fce8d;
  }

  .middle {
    grid-row: 2;
    display: grid;
    grid-template-columns: minmax(0, auto);
    justify-content: center;
    place-items: center;
    align-content: center;
    gap: 12px;
    padding: 8px 16px;
  }

  .notice {
    display: flex;
    gap: 16px;
    align-items: center;
    max-width: 26rem;
    padding: 16px 20px;
    border-radius: 16px;
  }

  .notice strong {
    display: block;
    font-weight: 650;
    overflow-wrap: anywhere;
  }

  .bottom {
    grid-row: 3;
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 8px;
    justify-items: center;
    padding: 0 8px max(12px, env(safe-area-inset-bottom));
  }

  .bar {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(68px, 1fr));
    width: min(100%, 30rem);
    padding: 8px 4px;
    border-radius: 20px;
  }

  /* Two rows of the same length, and none with a lonely button in it. */
  @media (max-width: 480px) and (orientation: portrait) {
    .bar:has(> :nth-child(6)) {
      grid-template-columns: repeat(3, 1fr);
    }

    .bar:has(> :nth-child(7)) {
      grid-template-columns: repeat(4, 1fr);
    }

    .bar > :nth-child(7):last-child {
      grid-column: span 2;
    }
  }

  .bar button {
    flex-direction: column;
    gap: 4px;
    min-width: 0;
    min-height: 44px;
    padding: 4px 0;
    border: 0;
    border-radius: 14px;
    color: inherit;
    font-size: clamp(0.6875rem, 3.6vw, 0.8125rem);
    font-weight: 550;
  }

  .round {
    display: grid;
    place-items: center;
    width: 52px;
    height: 52px;
    border: 2px solid rgb(255 255 255 / 0.55);
    border-radius: 50%;
  }

  .off .round {
    background: #ffffff;
    color: #14212b;
  }

  .end .round {
    border-color: #b3283c;
    background: #b3283c;
  }

  .bar :focus-visible,
  .middle :focus-visible {
    outline-color: #ffffff;
    outline-offset: 0;
  }

  .sheet {
    grid-row: 3;
    display: flex;
    flex-direction: column;
    gap: 12px;
    width: 100%;
    max-width: 36rem;
    margin: 0 auto;
    padding: 24px 24px max(24px, env(safe-area-inset-bottom));
    border-radius: 20px 20px 0 0;
    background: var(--card);
  }

  .wait {
    display: flex;
    gap: 16px;
    align-items: center;
  }

  .message {
    display: flex;
    gap: 12px;
    align-items: center;
    width: min(100%, 30rem);
    border: 0;
    background: rgb(11 19 24 / 0.78);
    color: #ffffff;
    text-align: start;
  }

  .message span {
    display: -webkit-box;
    overflow: hidden;
    -webkit-line-clamp: 2;
    -webkit-box-orient: vertical;
    overflow-wrap: anywhere;
  }

  .round {
    position: relative;
  }

  .badge {
    position: absolute;
    top: -4px;
    right: -4px;
    display: grid;
    place-items: center;
    min-width: 22px;
    height: 22px;
    padding: 0 5px;
    border-radius: 11px;
    background: #ffd27a;
    color: #1a1300;
    font-size: 0.8125rem;
    font-weight: 700;
  }

  .danger {
    border-color: var(--danger);
    color: var(--danger);
  }

  @media (max-height: 600px) {
    .sheet {
      gap: 8px;
      padding-top: 16px;
    }
  }

  @media (max-width: 280px) {
    .top {
      padding: 60px 16px 8px;
    }

    .notice {
      flex-direction: column;
    }
  }

  @media (orientation: landscape) and (max-height: 560px) {
    .sheet {
      justify-content: center;
      grid-row: 1 / -1;
      width: min(54%, 30rem);
      margin: 0 0 0 auto;
      padding-inline-end: max(24px, env(safe-area-inset-right));
      border-radius: 20px 0 0 20px;
    }

    .bar {
      width: auto;
      grid-template-columns: none;
      grid-auto-columns: minmax(96px, auto);
      grid-auto-flow: column;
      padding: 4px;
    }

    .bar button {
      flex-direction: row;
      gap: 8px;
      padding: 4px 10px;
      font-size: 0.9375rem;
    }

    .round {
      width: 44px;
      height: 44px;
    }
  }
`;

/** Questions over the picture. */
export const dialogStyles = css`
  dialog {
    width: min(26rem, calc(100vw - 32px));
    padding: 24px;
    border: 0;
    border-radius: 20px;
    background: var(--card);
    color: var(--ink);
  }

  dialog::backdrop {
    background: rgb(11 19 24 / 0.6);
  }

  dialog h2 {
    margin: 0 0 8px;
    font-size: 1.25rem;
    line-height: 1.25;
  }

  dialog .actions {
    margin-top: 24px;
  }
`;

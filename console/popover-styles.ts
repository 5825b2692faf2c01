import { css } from 'lit';

/** A button of the bar and the panel that it opens. */
export const popoverStyles = css`
  :host {
    display: inline-block;
  }

  .panel {
    width: min(292px, calc(100vw - 16px));
    max-height: calc(100vh - 32px);
    padding: 14px 16px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--ink);
    box-shadow: var(--shadow-high);
    overflow: auto;
  }

  .panel:popover-open {
    display: grid;
    gap: 12px;
  }

  /* Browsers without it show the panel in the middle of the window. */
  @supports (position-area: top) {
    .panel {
      inset: auto;
      margin: 8px 0;
      position-area: top span-left;
      position-try-fallbacks:
        flip-inline,
        flip-block;
    }
  }

  /* As the other buttons of the bar (live-view-styles.ts). */
  @container (max-width: 760px) {
    .tool span {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
  }
`;

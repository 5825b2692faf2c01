import { css } from 'lit';
import { controls, tokens } from './theme.ts';

export const appStyles = [
  tokens,
  controls,
  css`
    :host {
      display: flex;
      flex-direction: column;
      min-height: 100vh;
      min-height: 100dvh;
      padding-inline: env(safe-area-inset-left) env(safe-area-inset-right);
    }

    .page {
      flex: 1;
      display: flex;
      flex-direction: column;
    }

    header {
      display: flex;
      gap: 8px;
      align-items: center;
      justify-content: space-between;
      width: 100%;
      max-width: 32rem;
      margin: 0 auto;
      padding: max(8px, env(safe-area-inset-top)) 12px 8px 24px;
    }

    .brand {
      display: flex;
      gap: 12px;
      align-items: center;
      min-width: 0;
      font-weight: 650;
    }

    .brand span {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }

    .brand img {
      flex: none;
      width: 32px;
      height: 32px;
    }

    header button {
      flex: none;
      min-height: 44px;
      padding: 4px 12px;
      border-color: transparent;
      font-size: 1rem;
    }

    main {
      flex: 1;
      display: flex;
      flex-direction: column;
    }

    .banner {
      display: flex;
      gap: 12px;
      align-items: center;
      width: calc(100% - 48px);
      max-width: 29rem;
      margin: 0 auto 12px;
      padding: 12px 16px;
      border-radius: var(--radius);
      background: var(--accent-soft);
    }

    .loading {
      flex: 1;
      display: grid;
      place-content: center;
      justify-items: center;
      gap: 16px;
      padding: 24px;
      text-align: center;
    }

    /* Over the picture: everything lies in layers on one screen that does not scroll. */
    .stage {
      position: fixed;
      inset: 0;
      display: flex;
      flex-direction: column;
    }

    .stage self-view {
      position: absolute;
      inset: 0;
    }

    .stage header {
      position: relative;
      max-width: none;
      padding-inline: 12px;
      color: #ffffff;
    }

    .stage .brand,
    .stage header button {
      min-height: 44px;
      padding: 4px 14px 4px 6px;
      border-radius: 22px;
      background: rgb(11 19 24 / 0.78);
    }

    .stage header button {
      padding-inline: 14px;
      color: #ffffff;
    }

    .stage header button:focus-visible {
      outline-color: #ffffff;
      outline-offset: 0;
    }

    .stage .banner {
      position: relative;
    }

    .stage main {
      position: relative;
      min-height: 0;
      overflow-y: auto;
    }

    .drawing main {
      pointer-events: none;
      overflow: hidden;
    }

    /* A running session uses the row of the header for its own status. */
    .bare .brand {
      visibility: hidden;
    }

    .bare header {
      position: absolute;
      z-index: 1;
      pointer-events: none;
    }

    .bare header button {
      pointer-events: auto;
    }

    @media (max-width: 280px) {
      .brand span {
        display: none;
      }
    }

    @media (orientation: landscape) and (min-width: 560px) and (max-height: 560px) {
      .page header {
        max-width: 56rem;
      }
    }

    @media (orientation: landscape) and (max-height: 560px) {
      .stage:not(.bare) header {
        position: absolute;
        justify-content: flex-start;
        width: auto;
      }

      .stage:not(.bare) .banner {
        position: absolute;
        inset-block-start: 64px;
        inset-inline-start: 16px;
        width: 40%;
      }
    }
  `,
];

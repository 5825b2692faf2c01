import { css } from 'lit';

const WORDS_FOR_SCREEN_READERS = css`
  .administration span,
  .archive span {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
`;

export const consoleStyles = css`
  :host {
    display: block;
    height: 100%;
  }

  .shell {
    display: flex;
    flex-direction: column;
    height: 100%;
  }

  main {
    flex: 1;
    min-height: 0;
    overflow: auto;
  }

  /* ---- bar */

  .bar {
    display: flex;
    align-items: stretch;
    gap: 8px;
    height: 52px;
    padding: 0 16px 0 20px;
    border-bottom: 1px solid var(--line);
    background: var(--surface);
  }

  .brand {
    display: flex;
    align-items: center;
    gap: 9px;
    margin-right: 12px;
    color: var(--ink);
    font-size: 16px;
    font-weight: 650;
    letter-spacing: -0.01em;
    text-decoration: none;
  }

  .mark {
    width: 28px;
    height: 28px;
    flex: none;
  }

  nav {
    flex: 1;
    display: flex;
    align-items: stretch;
    min-width: 0;
  }

  .opened {
    flex: 1;
    display: flex;
    min-width: 0;
    overflow: auto hidden;
    scrollbar-width: thin;
  }

  nav a {
    position: relative;
    display: flex;
    align-items: center;
    gap: 8px;
    padding: 0 12px;
    color: var(--muted);
    font-weight: 550;
    text-decoration: none;
    white-space: nowrap;
  }

  nav a:hover {
    color: var(--ink);
  }

  nav a[aria-current='page'] {
    color: var(--ink);
  }

  nav a[aria-current='page']::after {
    content: '';
    position: absolute;
    inset: auto 8px -1px;
    height: 3px;
    border-radius: 3px 3px 0 0;
    background: var(--accent);
  }

  nav a:focus-visible {
    outline-offset: -4px;
    border-radius: var(--radius-small);
  }

  /* Many of them become narrower before they have to be scrolled; the one that is shown keeps its name. */
  .tab {
    display: flex;
    flex: 0 1 auto;
    align-items: center;
    min-width: 132px;
    border-left: 1px solid var(--line);
  }

  .tab:has([aria-current='page']) {
    flex-shrink: 0;
  }

  .tab a {
    min-width: 0;
    height: 100%;
  }

  .tab a > :not(.name) {
    flex: none;
  }

  .tab .name {
    min-width: 0;
    max-width: 150px;
    overflow: hidden;
    text-overflow: ellipsis;
  }

  .tab running-time {
    font-size: 12.5px;
    font-weight: 400;
    color: var(--muted);
  }

  .tab:has(.icon-button) a {
    padding-right: 4px;
  }

  /* Beside the link, never over it: both have to be hit on their own (WCAG 2.5.8). */
  .tab .icon-button {
    flex: none;
    width: 28px;
    height: 28px;
    margin: 0 6px 0 0;
  }

  .dot {
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--line-strong);
  }

  .dot.calling {
    background: var(--accent);
  }

  .dot.live {
    background: var(--live);
  }

  .dot.attention {
    background: var(--amber);
  }

  .dot.urgent {
    background: var(--danger);
  }

  .badge {
    min-width: 20px;
    padding: 0 6px;
    border-radius: 99px;
    background: var(--accent);
    color: var(--on-accent);
    font-size: 12px;
    font-weight: 650;
    line-height: 20px;
    text-align: center;
  }

  .badge.amber {
    background: var(--amber);
    color: var(--surface);
  }

  .badge.red {
    background: var(--danger-fill);
    color: var(--on-danger);
  }

  .account {
    color: var(--ink);
  }

  .account span {
    max-width: 160px;
    overflow: hidden;
    text-overflow: ellipsis;
  }

  wa-dropdown {
    display: flex;
    align-items: center;
  }

  wa-dropdown:not(:defined) wa-dropdown-item,
  wa-tooltip:not(:defined) {
    display: none;
  }

  wa-dropdown-item {
    padding: 9px 14px;
    font-size: 14px;
  }

  .languages {
    display: flex;
    align-items: center;
    gap: 2px;
  }

  .languages button {
    min-width: 32px;
    min-height: 28px;
    padding: 0 6px;
    border: 0;
    border-radius: 6px;
    background: transparent;
    color: var(--muted);
    font: inherit;
    font-size: 12.5px;
    font-weight: 600;
    cursor: pointer;
  }

  .languages button:hover {
    background: var(--hover);
    color: var(--ink);
  }

  .languages button[aria-pressed='true'] {
    background: var(--accent-soft);
    color: var(--accent);
  }

  /* ---- banners */

  .banner {
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 40px;
    padding: 6px 24px;
    font-weight: 550;
  }

  .banner > span:nth-child(2) {
    flex: 1;
  }

  .banner.lost {
    background: var(--amber-soft);
    color: var(--amber);
  }

  .banner.bad {
    background: var(--danger-soft);
    color: var(--danger);
  }

  .banner .icon-button {
    color: inherit;
  }

  .spinner {
    flex: none;
    width: 16px;
    height: 16px;
    border: 2px solid currentColor;
    border-top-color: transparent;
    border-radius: 50%;
    animation: turn 1s steps(12) infinite;
  }

  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  /* ---- pages with one thing on them */

  .entry {
    display: grid;
    grid-template-rows: 1fr auto;
    justify-items: center;
    height: 100%;
    background:
      radial-gradient(120% 80% at 50% 110%, var(--accent-soft), transparent 70%),
      var(--paper);
  }

  .entry sign-in,
  .entry set-up {
    width: 100%;
  }

  .entry .languages {
    padding: 16px;
  }

  .problem {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    padding: 32px;
    text-align: center;
  }

  .problem p {
    max-width: 44ch;
    margin-bottom: 8px;
    text-wrap: balance;
  }

  .disc {
    display: grid;
    place-items: center;
    width: 72px;
    height: 72px;
    border-radius: 50%;
    background: var(--surface);
    color: var(--accent);
    font-size: 30px;
    box-shadow: var(--shadow);
  }

  .forbidden {
    padding: 32px 24px;
  }

  @media (max-width: 1100px) {
    .brand span {
      display: none;
    }

    .account span {
      max-width: 90px;
    }

    ${WORDS_FOR_SCREEN_READERS}
  }

  /* Tabs of sessions need the room. */
  @media (max-width: 1500px) {
    nav:has(.tab) {
      ${WORDS_FOR_SCREEN_READERS}
    }
  }

  /* Two rows: who I am above, where I can go below. */
  @media (max-width: 640px) {
    .bar {
      flex-wrap: wrap;
      height: auto;
      padding: 0 12px;
    }

    .brand {
      height: 48px;
      margin-right: auto;
    }

    nav {
      order: 1;
      flex: 1 0 100%;
      height: 44px;
    }
  }
`;

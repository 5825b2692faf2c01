import { css } from 'lit';

export const sessionViewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 12px;
    height: 100%;
    padding: 16px 24px 24px;
  }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 4px 12px;
  }

  header h1 {
    max-width: 50%;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }

  .spring {
    flex: 1;
  }

  .body {
    flex: 1;
    display: grid;
    grid-template-columns: minmax(0, 1fr) 320px;
    gap: 16px;
    min-height: 0;
  }

  .stage {
    position: relative;
    min-height: 0;
  }

  /* Behind the card and still in the page: the stream is attached and decoding can begin. */
  .behind {
    position: absolute;
    inset: 0;
    visibility: hidden;
  }

  .card {
    position: absolute;
    inset: 0;
    display: grid;
    align-content: safe center;
    justify-items: center;
    gap: 16px;
    padding: 32px 24px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    text-align: center;
    overflow: auto;
  }

  .card h2 {
    max-width: 40ch;
    font-size: 18px;
  }

  .card p {
    max-width: 52ch;
    text-wrap: balance;
  }

  .card .notice {
    max-width: 560px;
    align-items: center;
    text-align: left;
  }

  link-code {
    width: min(460px, 100%);
    text-align: left;
  }

  .waiting {
    display: flex;
    gap: 10px;
    align-items: center;
    color: var(--muted);
  }

  .notes {
    color: var(--amber);
    font-weight: 550;
  }

  .press {
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 12px;
    margin: 8px 0;
  }

  .disc {
    display: grid;
    place-items: center;
    width: 64px;
    height: 64px;
    border-radius: 50%;
    background: var(--sunken);
    color: var(--muted);
    font-size: 28px;
  }

  .disc.good {
    background: var(--live-soft);
    color: var(--live);
  }

  .spinner {
    width: 16px;
    height: 16px;
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

  aside {
    display: flex;
    flex-direction: column;
    min-height: 0;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }

  aside section {
    padding: 14px 16px;
  }

  aside section + section {
    border-top: 1px solid var(--line);
  }

  .tabs {
    display: flex;
    gap: 4px;
    padding: 0 12px;
    border-bottom: 1px solid var(--line);
  }

  .tabs [role='tab'] {
    min-height: 42px;
    padding: 0 12px;
    border: 0;
    border-bottom: 2px solid transparent;
    background: transparent;
    color: var(--muted);
    font: inherit;
    font-weight: 550;
    cursor: pointer;
  }

  .tabs [aria-selected='true'] {
    border-bottom-color: var(--accent);
    color: var(--accent);
  }

  .tabs [role='tab']:focus-visible {
    outline-offset: -2px;
  }

  .badge {
    display: inline-grid;
    place-items: center;
    min-width: 20px;
    height: 20px;
    padding: 0 5px;
    border-radius: 10px;
    background: var(--accent);
    color: var(--on-accent, #ffffff);
    font-size: 12px;
  }

  .tab-panel {
    flex: 1;
    display: flex;
    flex-direction: column;
    min-height: 0;
  }

  session-chat {
    flex: 1;
    padding: 8px 16px 14px;
  }

  .said {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
  }

  .title {
    display: flex;
    justify-content: space-between;
    align-items: baseline;
  }

  .fields {
    display: grid;
    gap: 8px;
    max-height: 320px;
    margin: 8px -4px 0;
    padding: 0 4px 4px;
    overflow: auto;
  }

  .fields .field {
    grid-template-columns: 104px minmax(0, 1fr);
    gap: 8px;
    align-items: center;
  }

  .fields label {
    overflow: hidden;
    text-overflow: ellipsis;
  }

  .fields .input {
    min-height: 32px;
    padding: 4px 8px;
    border-color: var(--line);
  }

  .fields .input:hover:not(:disabled) {
    border-color: var(--line-strong);
  }

  .fields .input:disabled {
    border-color: transparent;
    background: transparent;
    color: var(--ink);
  }

  .log {
    flex: 1;
    display: flex;
    flex-direction: column;
    gap: 4px;
    min-height: 160px;
    overflow: hidden;
  }

  session-log {
    margin-top: 4px;
    flex: 1;
    min-height: 0;
  }

  @media (max-width: 1100px) {
    :host {
      padding: 12px 16px 16px;
    }

    .body {
      grid-template-columns: minmax(0, 1fr) 300px;
      gap: 12px;
    }
  }

  @media (max-width: 860px) {
    :host {
      height: auto;
      min-height: 100%;
    }

    .body {
      grid-template-columns: minmax(0, 1fr);
    }

    .stage {
      height: 60vh;
    }

    aside {
      max-height: none;
    }
  }
`;

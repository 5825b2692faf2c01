import { css } from 'lit';

export const sessionPageStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 14px;
    height: 100%;
    padding: 16px 24px 24px;
    overflow: auto;
  }

  .back {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    align-self: start;
    padding: 4px 0;
  }

  header {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
  }

  h1 {
    font-size: 20px;
    overflow-wrap: anywhere;
  }

  .spring {
    flex: 1;
  }

  .columns {
    display: grid;
    grid-template-columns: minmax(260px, 340px) minmax(0, 1fr);
    gap: 20px;
    align-items: start;
  }

  section {
    min-width: 0;
    padding: 16px 20px 18px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }

  section h2:not(:first-child) {
    margin-top: 20px;
  }

  dl {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 4px 14px;
    margin: 8px 0 0;
    font-size: 13.5px;
  }

  dt {
    color: var(--muted);
  }

  dd {
    margin: 0;
    overflow-wrap: anywhere;
    white-space: pre-line;
  }

  ul,
  ol {
    margin: 0;
    padding: 0;
    list-style: none;
  }

  .ledger {
    display: grid;
    gap: 10px;
    margin: 8px 0 12px;
    font-size: 13.5px;
  }

  .ledger li {
    display: flex;
    flex-wrap: wrap;
    gap: 0 8px;
  }

  .ledger .muted {
    flex-basis: 100%;
    font-size: 12.5px;
  }

  .photos {
    grid-column: 1 / -1;
  }

  .photos ul {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(180px, 1fr));
    gap: 12px;
    margin-top: 10px;
    font-size: 12.5px;
  }

  .photos img {
    display: block;
    width: 100%;
    aspect-ratio: 4 / 3;
    margin-bottom: 4px;
    border-radius: var(--radius-small);
    background: var(--stage);
    object-fit: contain;
  }

  .head {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 8px 16px;
    margin-bottom: 8px;
  }

  .kinds {
    display: flex;
    flex-wrap: wrap;
    gap: 6px;
  }

  .kinds [aria-pressed='true'] {
    border-color: var(--accent);
    background: var(--accent-soft);
    color: var(--accent);
  }

  .day {
    padding: 12px 0 4px;
    font-weight: 600;
    color: var(--muted);
  }

  ol li:not(.day) {
    display: grid;
    grid-template-columns: 76px minmax(70px, 150px) minmax(0, 1fr);
    gap: 0 12px;
    padding: 6px 0;
    border-top: 1px solid var(--line);
    font-size: 13.5px;
  }

  time,
  .who {
    color: var(--muted);
  }

  .who,
  .text {
    overflow-wrap: anywhere;
  }

  .text {
    white-space: pre-line;
  }

  .chat .text {
    justify-self: start;
    padding: 2px 10px;
    border-radius: 10px;
    background: var(--accent-soft);
  }

  @media (max-width: 860px) {
    .columns {
      grid-template-columns: minmax(0, 1fr);
    }
  }

  @media (max-width: 520px) {
    :host {
      padding: 12px 16px 20px;
    }

    ol li:not(.day) {
      grid-template-columns: 76px minmax(0, 1fr);
    }

    .text {
      grid-column: 1 / -1;
    }
  }
`;

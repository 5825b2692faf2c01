import { css } from 'lit';

export const sessionListStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 16px;
    height: 100%;
    padding: 20px 24px 24px;
  }

  .toolbar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 16px;
  }

  .toolbar h1 {
    font-size: 20px;
  }

  .spring {
    flex: 1;
  }

  .filter {
    position: relative;
    width: 240px;
  }

  .filter .icon {
    position: absolute;
    left: 10px;
    top: 10px;
    color: var(--muted);
    pointer-events: none;
  }

  .filter .input {
    padding-left: 34px;
  }

  .scroll,
  .skeleton,
  .empty {
    flex: 1;
    min-height: 0;
    overflow: auto;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
  }

  table {
    width: 100%;
    border-collapse: separate;
    border-spacing: 0;
  }

  th,
  td {
    padding: 0 12px;
    height: 44px;
    border-bottom: 1px solid var(--line);
    text-align: left;
    font-weight: 400;
    white-space: nowrap;
  }

  th:first-child,
  td:first-child {
    padding-left: 20px;
  }

  thead th {
    position: sticky;
    top: 0;
    z-index: 1;
    height: 38px;
    background: var(--surface);
  }

  .sort {
    display: inline-flex;
    align-items: center;
    gap: 4px;
    margin-left: -8px;
    padding: 4px 8px;
    border: 0;
    border-radius: 6px;
    background: transparent;
    color: var(--muted);
    font: inherit;
    font-size: 12.5px;
    font-weight: 600;
    cursor: pointer;
  }

  .sort:hover {
    background: var(--hover);
    color: var(--ink);
  }

  .sort .icon {
    opacity: 0.45;
  }

  [aria-sort='ascending'] .sort,
  [aria-sort='descending'] .sort {
    color: var(--ink);
  }

  [aria-sort='ascending'] .icon,
  [aria-sort='descending'] .icon {
    opacity: 1;
  }

  tbody tr {
    cursor: pointer;
  }

  tbody tr:hover > * {
    background: var(--hover);
  }

  tbody tr:focus-visible {
    outline-offset: -2px;
    border-radius: var(--radius-small);
  }

  .name {
    max-width: 320px;
    overflow: hidden;
    text-overflow: ellipsis;
    font-weight: 600;
  }

  td {
    max-width: 220px;
    overflow: hidden;
    text-overflow: ellipsis;
  }

  tr.amber .name {
    box-shadow: inset 3px 0 var(--amber);
  }

  tr.red .name {
    box-shadow: inset 3px 0 var(--danger);
  }

  tr.ended > * {
    color: var(--muted);
  }

  tr.ended .name {
    font-weight: 500;
  }

  .unread {
    display: inline-flex;
    gap: 4px;
    align-items: center;
    margin-left: 6px;
    color: var(--accent);
    font-size: 12.5px;
    font-weight: 650;
  }

  .late {
    display: inline-flex;
    gap: 4px;
    margin-left: 6px;
    color: var(--danger);
    font-size: 12.5px;
  }

  .actions {
    position: sticky;
    right: 0;
    width: 48px;
    padding: 0 12px 0 0;
    background: var(--surface);
    text-align: right;
    overflow: visible;
  }

  .nothing {
    padding: 24px 20px;
    color: var(--muted);
  }

  .empty {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 8px;
    padding: 48px 24px;
    text-align: center;
  }

  .empty h2 {
    font-size: 16px;
  }

  .empty p {
    max-width: 46ch;
    text-wrap: balance;
  }

  .disc {
    display: grid;
    place-items: center;
    width: 64px;
    height: 64px;
    margin-bottom: 8px;
    border-radius: 50%;
    background: var(--accent-soft);
    color: var(--accent);
    font-size: 26px;
  }

  .skeleton > div {
    display: grid;
    grid-template-columns: 3fr 1fr 1.4fr 1fr;
    gap: 32px;
    align-items: center;
    height: 52px;
    padding: 0 20px;
    border-bottom: 1px solid var(--line);
  }

  .skeleton i {
    height: 10px;
    border-radius: 5px;
    background: var(--sunken);
    animation: breathe 1.4s ease-in-out infinite alternate;
  }

  @keyframes breathe {
    to {
      opacity: 0.45;
    }
  }

  @media (max-width: 1100px) {
    .name {
      max-width: 200px;
    }
  }

  @media (max-width: 900px) {
    :host {
      padding: 16px;
    }

    .filter {
      width: 100%;
    }
  }
`;

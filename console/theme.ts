/** Styles that every element of the console shares. The tokens behind the variables are in console.css. */
import { css } from 'lit';

const base = css`
  :host {
    display: block;
  }

  :host([hidden]),
  [hidden] {
    display: none !important;
  }

  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  h1,
  h2,
  h3,
  p {
    margin: 0;
  }

  h1 {
    font-size: 18px;
    font-weight: 650;
    line-height: 1.3;
    letter-spacing: -0.01em;
  }

  h2 {
    font-size: 13px;
    font-weight: 650;
    line-height: 1.4;
  }

  a {
    color: var(--accent);
  }

  :focus-visible {
    outline: 2px solid var(--focus);
    outline-offset: 2px;
  }

  h1:focus-visible,
  h2:focus-visible {
    outline-offset: 4px;
    border-radius: 2px;
  }

  .icon {
    width: 1.15em;
    height: 1.15em;
    flex: none;
    fill: none;
    stroke: currentColor;
    stroke-width: 2;
    stroke-linecap: round;
    stroke-linejoin: round;
    vertical-align: -0.2em;
  }

  .muted {
    color: var(--muted);
  }

  .number {
    font-variant-numeric: tabular-nums;
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

  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 0s !important;
      transition-duration: 0s !important;
    }
  }
`;

const buttons = css`
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 36px;
    padding: 0 14px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-small);
    background: var(--surface);
    color: var(--ink);
    font: inherit;
    font-weight: 550;
    line-height: 1.2;
    white-space: nowrap;
    text-decoration: none;
    cursor: pointer;
    transition:
      background-color 80ms,
      border-color 80ms;
  }

  .button:hover:not(:disabled) {
    background: var(--hover);
  }

  .button:disabled {
    border-color: var(--line);
    background: var(--sunken);
    color: var(--muted);
    cursor: not-allowed;
  }

  .button.primary:not(:disabled) {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }

  .button.primary:hover:not(:disabled) {
    border-color: var(--accent-strong);
    background: var(--accent-strong);
  }

  .button.danger:not(:disabled) {
    border-color: var(--danger-fill);
    background: var(--danger-fill);
    color: var(--on-danger);
  }

  .button.danger:hover:not(:disabled) {
    border-color: var(--danger-fill-strong);
    background: var(--danger-fill-strong);
  }

  .button.quiet {
    border-color: transparent;
    background: transparent;
    color: var(--accent);
  }

  .button.quiet:disabled {
    border-color: transparent;
    background: transparent;
    color: var(--muted);
    opacity: 0.7;
  }

  .button.quiet:hover:not(:disabled) {
    background: var(--hover);
  }

  .button.small {
    min-height: 30px;
    padding: 0 10px;
    font-size: 13px;
  }

  .button.large {
    min-height: 48px;
    padding: 0 28px;
    font-size: 16px;
  }

  .icon-button {
    display: inline-grid;
    place-items: center;
    width: 32px;
    height: 32px;
    padding: 0;
    border: 0;
    border-radius: var(--radius-small);
    background: transparent;
    color: var(--muted);
    font: inherit;
    cursor: pointer;
  }

  .icon-button:hover {
    background: var(--hover);
    color: var(--ink);
  }
`;

const fields = css`
  .field {
    display: grid;
    gap: 4px;
    align-content: start;
  }

  .field > label,
  .legend {
    font-size: 12.5px;
    font-weight: 500;
    color: var(--muted);
  }

  .input {
    width: 100%;
    min-height: 36px;
    padding: 6px 10px;
    border: 1px solid var(--line-strong);
    border-radius: var(--radius-small);
    background: var(--surface);
    color: var(--ink);
    font: inherit;
  }

  .choices {
    margin: 0;
    padding: 0;
    border: 0;
  }

  .choice {
    display: flex;
    gap: 8px;
    align-items: center;
    min-height: 28px;
  }

  .choice input {
    width: 18px;
    height: 18px;
    margin: 0;
    accent-color: var(--accent);
  }

  .input:focus-visible {
    outline-offset: 0;
    border-color: var(--focus);
  }

  .input::placeholder {
    color: var(--muted);
    opacity: 1;
  }

  .input[aria-invalid='true'] {
    border-color: var(--danger);
  }

  .hint {
    font-size: 12.5px;
    color: var(--muted);
  }

  .error-text {
    font-size: 12.5px;
    color: var(--danger);
  }
`;

const notices = css`
  .notice {
    display: flex;
    gap: 10px;
    align-items: flex-start;
    padding: 10px 12px;
    border-radius: var(--radius-small);
    background: var(--sunken);
    color: var(--ink);
    font-size: 13.5px;
  }

  .notice > .icon {
    margin-top: 2px;
    color: var(--muted);
  }

  .notice.bad {
    background: var(--danger-soft);
  }

  .notice.bad > .icon {
    color: var(--danger);
  }

  .notice.warn {
    background: var(--amber-soft);
  }

  .notice.warn > .icon {
    color: var(--amber);
  }

  .notice.good {
    background: var(--live-soft);
  }

  .notice.good > .icon {
    color: var(--live);
  }
`;

/** A state in one word with its colour; the word alone says it all. */
const chips = css`
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 6px;
    padding: 2px 9px 2px 8px;
    border-radius: 99px;
    background: var(--sunken);
    color: var(--muted);
    font-size: 12.5px;
    font-weight: 600;
    line-height: 18px;
    white-space: nowrap;
  }

  .chip::before {
    content: '';
    width: 7px;
    height: 7px;
    border-radius: 50%;
    background: currentColor;
  }

  .chip.calling {
    background: var(--accent-soft);
    color: var(--accent);
  }

  .chip.live {
    background: var(--live-soft);
    color: var(--live);
  }

  .chip.attention {
    background: var(--amber-soft);
    color: var(--amber);
  }

  .chip.urgent {
    background: var(--danger-soft);
    color: var(--danger);
  }

  .chip.quiet {
    background: transparent;
  }
`;

/** Native modal dialogs: focus goes in, stays in and comes back by the browser's own doing. */
const dialogs = css`
  dialog {
    width: min(560px, calc(100vw - 32px));
    max-height: calc(100vh - 32px);
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--surface);
    color: var(--ink);
    box-shadow: var(--shadow-high);
    overflow: hidden auto;
  }

  dialog::backdrop {
    background: rgb(11 18 23 / 45%);
  }

  .dialog-head {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 16px;
    padding: 16px 16px 8px 24px;
  }

  .dialog-body {
    display: grid;
    gap: 16px;
    padding: 8px 24px 20px;
  }

  .dialog-foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: flex-end;
    gap: 8px;
    padding: 12px 24px;
    border-top: 1px solid var(--line);
    background: var(--paper);
  }
`;

export const shared = [base, buttons, fields, notices, chips, dialogs];

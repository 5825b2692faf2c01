import { css } from 'lit';

export const recordingPlayerStyles = css`
  :host {
    display: block;
  }

  .stage {
    display: grid;
    grid-template-columns: minmax(0, 2fr) minmax(200px, 1fr);
    gap: 14px;
    margin-top: 8px;
  }

  video {
    display: block;
    width: 100%;
    max-height: 60vh;
    border-radius: var(--radius-small);
    background: var(--stage);
  }

  .sound video {
    height: 54px;
  }

  .voices {
    margin-top: 8px;
  }

  .names {
    margin: 4px 0 0;
    color: var(--muted);
    font-size: 12.5px;
  }

  .points {
    max-height: 60vh;
    margin: 0;
    padding: 0;
    overflow: auto;
    list-style: none;
  }

  .points button {
    display: grid;
    grid-template-columns: max-content minmax(0, 1fr);
    gap: 10px;
    width: 100%;
    padding: 5px 8px;
    border: 0;
    border-radius: var(--radius-small);
    background: none;
    color: inherit;
    font: inherit;
    text-align: start;
    cursor: pointer;
  }

  .points button:hover {
    background: var(--hover);
  }

  .tools {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
    margin-top: 12px;
  }

  .spring {
    flex: 1;
  }

  label {
    display: inline-flex;
    align-items: center;
    gap: 8px;
  }

  progress {
    width: min(320px, 100%);
  }

  @media (max-width: 900px) {
    .stage {
      grid-template-columns: minmax(0, 1fr);
    }
  }
`;

import { css } from 'lit';

export const liveViewStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
    height: 100%;
    container-type: inline-size;
  }

  .side-by-side {
    display: flex;
    flex: 1;
    min-height: 0;
  }

  .picture {
    position: relative;
    flex: 1;
    min-height: 0;
    background: var(--stage);
    color: var(--on-stage);
    border-radius: var(--radius) var(--radius) 0 0;
    overflow: hidden;
  }

  board-toolbar + .picture {
    border-radius: 0 var(--radius) 0 0;
  }

  /* Fills what <picture-stage> gives it; distorted only when somebody wants that. */
  video {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    object-fit: var(--picture-fit, contain);
    transition: opacity 120ms;
  }

  .stale :is(video, still-picture) {
    opacity: 0.4;
  }

  /* The sound still comes from it. */
  video.behind {
    visibility: hidden;
  }

  .notes {
    position: absolute;
    inset: 12px 12px auto;
    display: flex;
    flex-wrap: wrap;
    justify-content: center;
    gap: 8px;
    pointer-events: none;
  }

  .note {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    padding: 6px 12px;
    border-radius: 99px;
    background: rgb(11 18 23 / 88%);
    color: var(--on-stage);
    font-weight: 550;
  }

  .paused {
    position: absolute;
    left: 12px;
    bottom: 12px;
    display: inline-flex;
    align-items: center;
    gap: 6px;
    margin: 0;
    padding: 4px 12px 4px 8px;
    border-radius: 99px;
    background: rgb(11 18 23 / 88%);
    color: var(--on-stage);
    font-weight: 550;
    pointer-events: none;
  }

  .stale last-picture {
    opacity: 0.4;
  }

  .age {
    position: absolute;
    right: 12px;
    bottom: 12px;
    margin: 0;
    padding: 4px 10px;
    border-radius: 99px;
    background: rgb(11 18 23 / 88%);
    color: var(--on-stage);
    font-size: 12.5px;
    font-variant-numeric: tabular-nums;
    pointer-events: none;
  }

  :host(:fullscreen) .picture,
  :host(:fullscreen) .bar {
    border-radius: 0;
  }

  .coming {
    position: absolute;
    inset: 0;
    display: flex;
    align-items: center;
    justify-content: center;
    gap: 12px;
    color: var(--on-stage-muted);
    pointer-events: none;
  }

  .spinner {
    width: 18px;
    height: 18px;
    border: 2px solid rgb(167 186 196 / 40%);
    border-top-color: #5cc8d4;
    border-radius: 50%;
    animation: turn 1s steps(12) infinite;
  }

  @keyframes turn {
    to {
      rotate: 1turn;
    }
  }

  .sound {
    position: absolute;
    left: 50%;
    bottom: 20px;
    translate: -50%;
  }

  .notice {
    align-items: center;
    border-radius: 0;
  }

  .notice span {
    flex: 1;
  }

  .bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px;
    padding: 10px 12px;
    border: 1px solid var(--line);
    border-top: 0;
    border-radius: 0 0 var(--radius) var(--radius);
    background: var(--surface);
  }

  .tool[aria-pressed='true'] {
    border-color: var(--danger);
    background: var(--danger-soft);
    color: var(--danger);
  }

  level-meter {
    margin-right: 8px;
  }

  .spring {
    flex: 1;
  }

  @container (max-width: 480px) {
    .side-by-side {
      flex-direction: column;
    }

    .picture {
      min-height: 240px;
    }
  }

  /* The words stay for screen readers; the icons say enough beside each other. */
  @container (max-width: 960px) {
    .tool span {
      position: absolute;
      width: 1px;
      height: 1px;
      overflow: hidden;
      clip-path: inset(50%);
    }
  }
`;

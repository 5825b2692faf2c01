/** What every element that shows the console's state has in common: it renders again when its topics change. */
import { type CSSResultGroup, LitElement } from 'lit';
import { property } from 'lit/decorators.js';
import type { ConsoleState, Topic } from './console-state.ts';
import { shared } from './theme.ts';

export abstract class StatefulElement extends LitElement {
  static override styles: CSSResultGroup = shared;

  /** Set by the template that the element stands in, before it is connected. */
  @property({ attribute: false }) state!: ConsoleState;

  protected readonly topics: readonly Topic[] = [];
  #undo: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#undo = this.topics.map((topic) => this.state.on(topic, () => this.requestUpdate()));
    // Whatever changed while the element was out of the page.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    for (const undo of this.#undo.splice(0)) {
      undo();
    }
    super.disconnectedCallback();
  }
}

import { updateWhenLocaleChanges } from '@lit/localize';
import { LitElement } from 'lit';

/** A part of the page that speaks the chosen language and, when it appears, takes the focus to where it begins. */
export class StepElement extends LitElement {
  constructor() {
    super();
    updateWhenLocaleChanges(this);
  }

  /** The element of class `start`: a heading to be read, or the one field there is. */
  protected override firstUpdated(): void {
    this.renderRoot.querySelector<HTMLElement>('.start')?.focus({ preventScroll: true });
  }

  /** Tells the page what the customer did; crosses shadow trees. */
  protected tell(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }
}

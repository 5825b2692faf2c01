/** Adds or edits one group of technicians. Event: `saved` with the group as it is to be. */
import { localized, msg } from '@lit/localize';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import {
  type Account,
  type Group,
  INVITATION_WAYS,
  type InvitationWay,
  RECORDING_MODES,
  RECORDING_PURPOSE_MAX_LENGTH,
} from '../relay/protocol.ts';
import { field } from './password-fields.ts';
import { recordingModeWord } from './recording-words.ts';
import { shared } from './theme.ts';

@customElement('group-dialog')
@localized()
export class GroupDialog extends LitElement {
  static override styles = shared;

  /** Everybody who can be in it. */
  @property({ attribute: false }) technicians: readonly Account[] = [];

  @query('dialog') private readonly dialog!: HTMLDialogElement;
  @state() private shown = false;
  @state() private edited: Group | undefined;

  /** @param group undefined for a new one */
  async show(group: Group | undefined): Promise<void> {
    this.edited = group;
    this.shown = true;
    await this.updateComplete;
    this.dialog.showModal();
  }

  #submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) {
      return;
    }
    const data = new FormData(event.currentTarget);
    const group: Group = {
      id: this.edited?.id ?? `group-${crypto.randomUUID().slice(0, 8)}`,
      name: field(data, 'name').trim(),
      email: field(data, 'email').trim(),
      ways: INVITATION_WAYS.filter((way) => data.has(`way-${way}`)),
      customersDraw: data.has('customers-draw'),
      recording: {
        mode: RECORDING_MODES.find((mode) => mode === data.get('recording-mode')) ?? 'off',
        voice: data.has('recording-voice'),
        video: data.has('recording-video'),
        purpose: field(data, 'recording-purpose').trim(),
      },
      technicianIds: this.technicians.map(({ id }) => id).filter((id) => data.has(`technician-${id}`)),
    };
    this.dispatchEvent(new CustomEvent('saved', { detail: group }));
    this.dialog.close();
  }

  protected override render(): TemplateResult {
    return html`
      <dialog
        aria-labelledby="title"
        @close=${() => {
          this.shown = false;
        }}
      >
        ${this.shown ? this.#content() : nothing}
      </dialog>
    `;
  }

  #content(): TemplateResult {
    const { edited } = this;
    return html`
      <form @submit=${this.#submit}>
        <div class="dialog-head">
          <h1 id="title">${edited === undefined ? msg('Add group') : msg('Edit group')}</h1>
        </div>
        <div class="dialog-body">
          <div class="field">
            <label for="name">${msg('Name')}</label>
            <input class="input" id="name" name="name" .value=${edited?.name ?? ''} required maxlength="60" />
          </div>
          <div class="field">
            <label for="email">${msg('Email', { id: 'field-email' })}</label>
            <input
              class="input"
              id="email"
              name="email"
              type="email"
              .value=${edited?.email ?? ''}
              maxlength="254"
              aria-describedby="email-hint"
            />
            <span class="hint" id="email-hint">
              ${msg('Gets a message when a customer of a channel waits and nobody is signed in.')}
            </span>
          </div>
          <fieldset class="field choices">
            <legend class="legend">${msg('May invite customers by')}</legend>
            ${INVITATION_WAYS.map((way) => choice(`way-${way}`, wayWord(way), edited?.ways.includes(way) ?? true))}
          </fieldset>
          <div class="field choices">
            ${choice('customers-draw', msg('Customers may draw on the picture'), edited?.customersDraw ?? true)}
          </div>
          ${recordingFields(edited?.recording)}
          <fieldset class="field choices">
            <legend class="legend">${msg('Technicians')}</legend>
            ${this.technicians.map(({ id, name }) =>
              choice(`technician-${id}`, name, edited?.technicianIds.includes(id) ?? false),
            )}
            <span class="hint">${msg('Whoever is in no group belongs to the first one.')}</span>
          </fieldset>
        </div>
        <div class="dialog-foot">
          <button type="button" class="button" @click=${() => this.dialog.close()}>${msg('Cancel')}</button>
          <button class="button primary">${msg('Save')}</button>
        </div>
      </form>
    `;
  }
}

function recordingFields(recording: Group['recording'] | undefined): TemplateResult {
  const { mode = 'onDemand', voice = true, video = true, purpose = '' } = recording ?? {};
  return html`
    <fieldset class="field choices">
      <legend class="legend">${msg('Recording')}</legend>
      <label for="recording-mode">${msg('Sessions are recorded')}</label>
      <select class="input" id="recording-mode" name="recording-mode">
        ${RECORDING_MODES.map(
          (each) =>
            html`<option value=${each} ?selected=${each === mode}>${recordingModeWord(each)}</option>`,
        )}
      </select>
      ${choice('recording-video', msg('With picture'), video)} ${choice('recording-voice', msg('With sound'), voice)}
      <label for="recording-purpose">${msg('What recordings are for')}</label>
      <input
        class="input"
        id="recording-purpose"
        name="recording-purpose"
        .value=${purpose}
        maxlength=${RECORDING_PURPOSE_MAX_LENGTH}
      />
      <span class="hint">${msg('The customer is always asked first. Nothing is recorded without their consent.')}</span>
    </fieldset>
  `;
}

function choice(name: string, label: string, checked: boolean): TemplateResult {
  return html`<label class="choice"><input type="checkbox" name=${name} .checked=${checked} />${label}</label>`;
}

export function wayWord(way: InvitationWay): string {
  switch (way) {
    case 'pin':
      return msg('PIN Code');
    case 'sms':
      return 'SMS';
    case 'email':
      return msg('Email', { id: 'field-email' });
    case 'link':
      return msg('Link');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'group-dialog': GroupDialog;
  }
}

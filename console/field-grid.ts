/** The customer's fields as inputs, for the new-session dialog and the session's page. */
import { html, type TemplateResult } from 'lit';
import type { CustomerFields } from '../relay/protocol.ts';
import { fieldLabel } from './session-words.ts';

type PlainKey = Exclude<keyof CustomerFields, 'custom'>;
export type FieldKey = PlainKey | `custom:${string}`;

/** Longest value that the relay takes. */
const FIELD_MAX_LENGTH = 200;
const PLAIN: readonly { key: PlainKey; type: string }[] = [
  { key: 'name', type: 'text' },
  { key: 'phone', type: 'tel' },
  { key: 'email', type: 'email' },
  { key: 'ticketId', type: 'text' },
];

export function withField(fields: CustomerFields, key: FieldKey, value: string): CustomerFields {
  return key.startsWith('custom:')
    ? { ...fields, custom: { ...fields.custom, [key.slice('custom:'.length)]: value } }
    : { ...fields, [key]: value };
}

/**
 * @param edited called with each keystroke
 * @param committed called when the person leaves a changed field or presses Enter in it
 */
export function fieldInputs(
  fields: CustomerFields,
  options: {
    disabled: boolean;
    edited: (key: FieldKey, value: string) => void;
    committed: () => void;
  },
): TemplateResult[] {
  const input = (key: FieldKey, label: string, type: string, value: string) => html`
    <div class="field ${key}">
      <label for=${key}>${label}</label>
      <input
        class="input"
        id=${key}
        type=${type}
        autocomplete="off"
        spellcheck="false"
        maxlength=${FIELD_MAX_LENGTH}
        ?disabled=${options.disabled}
        .value=${value}
        @input=${(event: Event) => options.edited(key, inputValue(event))}
        @change=${() => options.committed()}
      />
    </div>
  `;
  return [
    ...PLAIN.map(({ key, type }) => input(key, fieldLabel(key), type, fields[key])),
    ...Object.entries(fields.custom).map(([key, value]) =>
      input(`custom:${key}`, fieldLabel(key), 'text', value),
    ),
  ];
}

export function inputValue({ currentTarget: field }: Event): string {
  return field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement ? field.value : '';
}

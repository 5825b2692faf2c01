/** The customer's fields as inputs, for the new-session dialog and the session's page. */
import { html, type TemplateResult } from 'lit';
import type { CustomerFields } from '../relay/protocol.ts';
import { customKeys, fieldLabel } from './field-labels.ts';

type PlainKey = Exclude<keyof CustomerFields, 'custom'>;
export type FieldKey = PlainKey | `custom:${string}`;

const CUSTOM = 'custom:';

/** Longest value that the relay takes. */
export const FIELD_MAX_LENGTH = 200;
const PLAIN: readonly { key: PlainKey; type: string }[] = [
  { key: 'name', type: 'text' },
  { key: 'phone', type: 'tel' },
  { key: 'email', type: 'email' },
  { key: 'ticketId', type: 'text' },
];

export function fieldValue(fields: CustomerFields, key: FieldKey): string {
  return isCustom(key) ? (fields.custom[key.slice(CUSTOM.length)] ?? '') : fields[key];
}

export function labelOf(key: FieldKey): string {
  return fieldLabel(isCustom(key) ? key.slice(CUSTOM.length) : key);
}

function isCustom(key: FieldKey): key is `custom:${string}` {
  return key.startsWith(CUSTOM);
}

export function withField(fields: CustomerFields, key: FieldKey, value: string): CustomerFields {
  return isCustom(key)
    ? { ...fields, custom: { ...fields.custom, [key.slice(CUSTOM.length)]: value } }
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
    ...customKeys([fields]).map((key) =>
      input(`custom:${key}`, fieldLabel(key), 'text', fields.custom[key] ?? ''),
    ),
  ];
}

export function inputValue({ currentTarget: field }: Event): string {
  return field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement ? field.value : '';
}

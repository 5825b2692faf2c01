/** How the customer's fields are called: as we call them, or as an administrator does. Like the language, one for the whole page. */
import { msg } from '@lit/localize';
import type { ConsoleSettings, CustomerFields } from '../relay/protocol.ts';
import { currentLanguage } from './localization.ts';

const LABELS: Record<string, () => string> = {
  name: () => msg('Name'),
  phone: () => msg('Phone'),
  email: () => msg('Email', { id: 'field-email' }),
  ticketId: () => msg('Ticket ID'),
};

let named: ConsoleSettings['fields'] = [];

/** @returns the settings themselves */
export function nameFields(settings: ConsoleSettings): ConsoleSettings {
  named = settings.fields;
  return settings;
}

/** @param key of `CustomerFields`, or of a custom field; one that nobody named any more is its own label */
export function fieldLabel(key: string): string {
  const label = named.find((field) => field.key === key)?.label[currentLanguage()];
  return label ?? (Object.hasOwn(LABELS, key) ? LABELS[key]?.() : undefined) ?? key;
}

/** Keys of the custom fields that have a name at present, then of those that have a value here, in the alphabet's order. */
export function customKeys(all: Iterable<CustomerFields>): string[] {
  const current = named.map(({ key }) => key).filter((key) => key !== 'name');
  const earlier = new Set<string>();
  for (const { custom } of all) {
    for (const [key, value] of Object.entries(custom)) {
      if (value !== '' && !current.includes(key)) {
        earlier.add(key);
      }
    }
  }
  return [...current, ...[...earlier].sort()];
}

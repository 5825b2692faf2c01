/**
 * Central settings: named documents that administrators change while the relay runs. Each has a schema, defaults and the
 * list of its secrets. On disk a document is one row whose secrets are sealed; in memory it is open, and reading it
 * costs nothing. What leaves the relay has `SECRET_KEPT` in place of every secret.
 */
import type { Log } from './log.ts';
import { type Failure, fail } from './outcome.ts';
import { type Account, SECRET_KEPT, type SettingsDocuments, type SettingsName } from './protocol.ts';
import type { Secrets } from './secrets.ts';
import { DEFINITIONS } from './settings-documents.ts';
import type { Store } from './store.ts';

export function isSettingsName(name: string): name is SettingsName {
  return Object.hasOwn(DEFINITIONS, name);
}

export type Settings = {
  /** The document with its secrets, for the part of the relay that it is about. */
  get<N extends SettingsName>(name: N): SettingsDocuments[N];
  /** The document as an administrator sees it. */
  shown<N extends SettingsName>(name: N): SettingsDocuments[N];
  /** Checks, stores and shows the document; `SECRET_KEPT` leaves a secret as it is. */
  put<N extends SettingsName>(
    by: Account,
    name: N,
    document: unknown,
  ): Promise<SettingsDocuments[N] | Failure>;
};

export type SettingsOptions = {
  store: Store;
  secrets: Secrets;
  log: Log;
  now: () => number;
  /** Called when a document has been stored. */
  onChange: (name: SettingsName) => void;
};

/** Reads all documents. One that no longer fits its schema, after an update, is its default, and the log says so. */
export async function openSettings({
  store,
  secrets,
  log,
  now,
  onChange,
}: SettingsOptions): Promise<Settings> {
  const held = new Map<SettingsName, object>();
  for (const name of Object.keys(DEFINITIONS) as SettingsName[]) {
    const stored = await store.setting(name);
    const read = stored === undefined ? undefined : unseal(name, stored, secrets);
    if (stored !== undefined && read === undefined) {
      log.error({ setting: name }, 'settingUnreadable');
    }
    held.set(name, read ?? DEFINITIONS[name].initial);
  }

  const get = <N extends SettingsName>(name: N) => held.get(name) as SettingsDocuments[N];

  function shown<N extends SettingsName>(name: N): SettingsDocuments[N] {
    const open: Record<string, unknown> = { ...get(name) };
    for (const key of Object.keys(DEFINITIONS[name].secrets)) {
      open[key] = open[key] === '' ? '' : SECRET_KEPT;
    }
    return open as SettingsDocuments[N];
  }

  return {
    get,
    shown,
    async put(by, name, document) {
      const parsed = DEFINITIONS[name].schema.safeParse(document);
      if (!parsed.success) {
        return fail('invalidField');
      }
      const before = get(name) as Record<string, unknown>;
      const next: Record<string, unknown> = { ...parsed.data };
      for (const [key, places] of Object.entries(DEFINITIONS[name].secrets)) {
        if (next[key] === SECRET_KEPT) {
          const moved = (places as string[]).some((place) => next[place] !== before[place]);
          if (moved && before[key] !== '') {
            return fail('secretNeeded');
          }
          next[key] = before[key];
        }
      }
      const text = seal(name, next, secrets);
      await store.transaction((tx) => tx.setSetting(name, text, now(), by.id));
      held.set(name, next);
      const changed = Object.keys(next).filter(
        (key) => JSON.stringify(next[key]) !== JSON.stringify(before[key]),
      );
      // Names only: values may be secret or personal.
      onChange(name);
      log.info({ audit: true, setting: name, changed, accountId: by.id }, 'settingChanged');
      return shown(name);
    },
  };
}

const purpose = (name: SettingsName, key: string) => `setting ${name}.${key}`;

function seal(name: SettingsName, document: Record<string, unknown>, secrets: Secrets): string {
  const sealed = { ...document };
  for (const key of Object.keys(DEFINITIONS[name].secrets)) {
    const value = String(sealed[key]);
    sealed[key] = value === '' ? '' : secrets.seal(purpose(name, key), value);
  }
  return JSON.stringify(sealed);
}

function unseal(name: SettingsName, text: string, secrets: Secrets): object | undefined {
  const definition = DEFINITIONS[name];
  const document = { ...definition.initial, ...(JSON.parse(text) as object) } as Record<string, unknown>;
  for (const key of Object.keys(definition.secrets)) {
    const value = String(document[key]);
    // A secret of another server key has to be typed again; the rest of the document is still good.
    document[key] = value === '' ? '' : (secrets.open(purpose(name, key), value) ?? '');
  }
  return definition.schema.safeParse(document).data;
}

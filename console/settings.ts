/** Central settings over HTTP, each document as a whole. For administrators. */
import type { SettingsDocuments, SettingsName } from '../relay/protocol.ts';
import { call } from './api.ts';
import type { Outcome } from './outcome.ts';

type Document<N extends SettingsName> = SettingsDocuments[N];

export async function readSettings<N extends SettingsName>(name: N): Promise<Outcome<Document<N>>> {
  return documentOf(await call('GET /api/admin/settings/:name', undefined, name));
}

export async function writeSettings<N extends SettingsName>(
  name: N,
  settings: Document<N>,
): Promise<Outcome<Document<N>>> {
  return documentOf(await call('PUT /api/admin/settings/:name', { settings }, name));
}

/** Which document an answer has is told by the name in the request, not by the type of the route. */
function documentOf<N extends SettingsName>(
  answer: Outcome<{ settings: Document<SettingsName> }>,
): Outcome<Document<N>> {
  return answer.ok ? { ok: true, value: answer.value.settings as Document<N> } : answer;
}

/**
 * Lets workers be started from this page's own files and from nowhere else: the content security policy wants every script's address
 * to be vouched for (trusted types), and libraries hand over plain strings.
 */
type ScriptPolicy = { createScriptURL: (url: string) => string };
type Factory = { createPolicy: (name: 'default', policy: ScriptPolicy) => unknown };

const OWN_FILES = '/console/assets/';
let isSet = false;

/** May be called any number of times. */
export function allowOwnScripts(): void {
  const { trustedTypes } = globalThis as { trustedTypes?: Factory };
  if (isSet || !trustedTypes) {
    return;
  }
  isSet = true;
  trustedTypes.createPolicy('default', {
    createScriptURL: (url) => {
      const { origin, pathname } = new URL(url, location.href);
      if (origin !== location.origin || !pathname.startsWith(OWN_FILES)) {
        throw new TypeError(`not a script of this page: ${url}`);
      }
      return url;
    },
  });
}

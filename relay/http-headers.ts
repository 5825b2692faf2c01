/** Response headers of every page and answer (reliability.md 3.4); pure. */

export const NO_STORE = 'no-store';

const ALWAYS = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

/** Only where TLS is ours or in front of us: the header would make plain localhost unreachable. */
const STRICT_TRANSPORT = { 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' } as const;

const PERMISSIONS =
  'camera=(self), microphone=(self), geolocation=(self), screen-wake-lock=(self), payment=(), usb=()';

/** What a `Host` header may look like before it is repeated in a policy. */
const HOST_PATTERN = /^[a-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:]+\](:\d{1,5})?$/i;

/**
 * Lit adopts its style sheets through the DOM, so neither scripts nor styles need an exception.
 * Older Safari does not let 'self' cover WebSockets, hence the explicit source.
 */
export function contentSecurityPolicy(host: string, secure: boolean): string {
  const socket = HOST_PATTERN.test(host) ? ` ${secure ? 'wss' : 'ws'}://${host}` : '';
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "media-src 'self' blob:",
    `connect-src 'self'${socket}`,
    "font-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
}

export function plainHeaders(secure: boolean): Record<string, string> {
  return secure ? { ...ALWAYS, ...STRICT_TRANSPORT } : { ...ALWAYS };
}

export function documentHeaders(host: string, secure: boolean): Record<string, string> {
  return {
    ...plainHeaders(secure),
    'Content-Security-Policy': contentSecurityPolicy(host, secure),
    'Permissions-Policy': PERMISSIONS,
  };
}

/** A QR code as one SVG path. */
import { html, svg, type TemplateResult } from 'lit';
import { encode } from 'uqr';

/** The quiet zone that readers expect around the code, in modules (ISO/IEC 18004 section 9.1). */
const QUIET_ZONE = 4;

/** Black on white in both themes, since many readers do not take the inverse. */
export function qrCode(text: string, label: string): TemplateResult {
  const { size, path } = qrPath(text);
  return html`<svg class="qr" role="img" aria-label=${label} viewBox="0 0 ${size} ${size}" shape-rendering="crispEdges">
    ${svg`<rect width=${size} height=${size} fill="#fff"></rect><path d=${path} fill="#000"></path>`}
  </svg>`;
}

/** One horizontal bar per run of dark modules. `size` includes the quiet zone. */
export function qrPath(text: string): { size: number; path: string } {
  const { size, data } = encode(text, { ecc: 'M', border: QUIET_ZONE });
  let path = '';
  data.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (row[x]) {
        const start = x;
        while (row[x + 1]) {
          x += 1;
        }
        path += `M${start} ${y}h${x - start + 1}v1h-${x - start + 1}z`;
      }
    }
  });
  return { size, path };
}

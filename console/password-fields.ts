/** What the forms with passwords share. */
import { msg } from '@lit/localize';
import { html, nothing, type TemplateResult } from 'lit';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from '../relay/protocol.ts';

/** A new password typed twice; names of the controls are `password` and `repeat`. */
export function passwordFields(differs: boolean, label = msg('Password')): TemplateResult {
  return html`
    <div class="field">
      <label for="password">${label}</label>
      <input
        class="input"
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        required
        minlength=${PASSWORD_MIN_LENGTH}
        maxlength=${PASSWORD_MAX_LENGTH}
        aria-describedby="password-rule"
      />
      <span class="hint" id="password-rule">${msg('At least 12 characters. A short sentence is easy to keep in mind.')}</span>
    </div>
    <div class="field">
      <label for="repeat">${msg('Repeat')}</label>
      <input
        class="input"
        id="repeat"
        name="repeat"
        type="password"
        autocomplete="new-password"
        required
        maxlength=${PASSWORD_MAX_LENGTH}
        aria-invalid=${differs}
        aria-describedby="repeat-problem"
      />
      <span class="error-text" id="repeat-problem" role="status">
        ${differs ? msg('The two are not the same.') : nothing}
      </span>
    </div>
  `;
}

export function field(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === 'string' ? value : '';
}

/** Administration: what can be set, section by section, each with an address of its own. */
import { localized, msg, str } from '@lit/localize';
import { css, html, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import './admin-channels.ts';
import './admin-messages.ts';
import './admin-technicians.ts';
import './admin-terms.ts';
import type { Topic } from './console-state.ts';
import { ADMIN_SECTIONS, type AdminSection, pathOf } from './routes.ts';
import './settings-form.ts';
import type { FormField } from './settings-form.ts';
import { StatefulElement } from './stateful-element.ts';

@customElement('admin-view')
@localized()
export class AdminView extends StatefulElement {
  static override styles = [
    StatefulElement.styles,
    css`
      :host {
        display: grid;
        grid-template: auto minmax(0, 1fr) / minmax(160px, 200px) minmax(0, 1fr);
        gap: 16px 32px;
        height: 100%;
        padding: 20px 24px 0;
        overflow: auto;
      }

      h1 {
        grid-column: 2;
        font-size: 20px;
      }

      nav {
        grid-row: 1 / 3;
      }

      nav a {
        display: block;
        padding: 8px 12px;
        border-radius: var(--radius-small);
        color: var(--ink);
        font-weight: 550;
        text-decoration: none;
      }

      nav a:hover {
        background: var(--hover);
      }

      nav a[aria-current='page'] {
        background: var(--accent-soft);
        color: var(--accent);
      }

      .content {
        grid-column: 2;
        min-width: 0;
        padding-bottom: 24px;
      }

      @media (max-width: 760px) {
        :host {
          grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr);
          padding: 12px 16px 0;
        }

        nav,
        h1,
        .content {
          grid-area: auto;
        }

        nav {
          display: flex;
          flex-wrap: wrap;
          gap: 4px;
        }
      }
    `,
  ];

  protected override readonly topics: readonly Topic[] = ['phase'];

  @property({ attribute: false }) section: AdminSection = 'technicians';

  async focusHeading(): Promise<void> {
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('h1')?.focus();
  }

  protected override render(): TemplateResult {
    return html`
      <nav aria-label=${msg('Administration')}>
        ${ADMIN_SECTIONS.map(
          (section) =>
            html`<a
              href=${pathOf({ page: 'admin', section })}
              aria-current=${section === this.section ? 'page' : 'false'}
              >${sectionWord(section)}</a
            >`,
        )}
      </nav>
      <h1 tabindex="-1">${sectionWord(this.section)}</h1>
      <div class="content">${this.#content()}</div>
    `;
  }

  #content(): TemplateResult {
    switch (this.section) {
      case 'technicians':
        return html`<admin-technicians .state=${this.state}></admin-technicians>`;
      case 'channels':
        return html`<admin-channels .state=${this.state}></admin-channels>`;
      case 'sms':
      case 'mail':
      case 'templates':
        return html`<admin-messages .state=${this.state} section=${this.section}></admin-messages>`;
      case 'sessions':
        return html`<settings-form .state=${this.state} name="sessions" .fields=${sessionFields}></settings-form>`;
      case 'fields':
        return html`<settings-form .state=${this.state} name="fields" pairs .fields=${labelFields}></settings-form>`;
      case 'terms':
        return html`<admin-terms .state=${this.state}></admin-terms>`;
    }
  }
}

function sessionFields(): readonly FormField[] {
  const minutes = { kind: 'number', min: 0, max: 999 } as const;
  const seconds = { kind: 'number', min: 1, max: 60_000 } as const;
  return [
    {
      key: 'waitingMinutes',
      label: msg('Minutes that a customer may wait'),
      hint: msg('0: as long as they like'),
      ...minutes,
    },
    {
      key: 'idleMinutes',
      label: msg('Minutes until an idle active session ends'),
      hint: msg('Idle is a session in which nothing is sent and nobody does anything. 0: never'),
      ...minutes,
    },
    {
      key: 'awayMinutes',
      label: msg('Minutes until a technician who touches nothing is away'),
      hint: msg('Who is away gets no sessions from colleagues. In a session nobody is away. 0: never'),
      ...minutes,
    },
    { key: 'amberSeconds', label: msg('Seconds until a waiting row turns amber'), ...seconds },
    { key: 'redSeconds', label: msg('Seconds until a waiting row turns red'), ...seconds },
    {
      key: 'replies',
      label: msg('Ready-made answers of the chat'),
      hint: msg('One in a line; addresses with http or https become links.'),
      kind: 'lines',
      maxLength: 4_000,
    },
  ];
}

/** A field exists as soon as it has a label; the one for names always does. */
function labelFields(): readonly FormField[] {
  const label = { kind: 'text', maxLength: 40 } as const;
  const custom = [1, 2, 3, 4, 5].flatMap((number): FormField[] => [
    { key: `field${number}En`, label: msg(str`Field ${number}, English`), ...label },
    { key: `field${number}De`, label: msg(str`Field ${number}, German`), ...label },
  ]);
  return [
    {
      key: 'nameEn',
      label: msg('Label of the field “Name”, English'),
      hint: msg('Empty: “Name”. Some write “Employee number” or “Machine” instead.'),
      ...label,
    },
    { key: 'nameDe', label: msg('Label of the field “Name”, German'), ...label },
    ...custom.map((field, at) =>
      at === 0
        ? { ...field, hint: msg('A field appears in sessions and in the list once it has a label.') }
        : field,
    ),
  ];
}

function sectionWord(section: AdminSection): string {
  switch (section) {
    case 'technicians':
      return msg('Technicians');
    case 'channels':
      return msg('Groups and channels');
    case 'sms':
      return msg('SMS');
    case 'mail':
      return msg('Mail server');
    case 'templates':
      return msg('Texts of messages');
    case 'sessions':
      return msg('Sessions and chat');
    case 'fields':
      return msg('Fields');
    case 'terms':
      return msg('Terms');
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'admin-view': AdminView;
  }
}

/** The people of a session, acting in real pages: what they read, press and type, in either language. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type ContextOptions, DESKTOP, openContext, PHONE } from './chromium.ts';
import { ADMIN } from './relay-process.ts';
import type { Credentials } from './signalling-client.ts';

export type Tongue = 'de' | 'en';

/** Names of the controls as people and screen readers meet them (shared/product.md). */
export const WORDS = {
  en: {
    email: 'Email',
    password: 'Password',
    signIn: 'Sign in',
    newSession: 'New Session',
    name: 'Name',
    pinTab: 'PIN Code',
    createPin: 'Create PIN Code',
    linkTab: 'Link',
    copyLink: 'Copy Link to Clipboard',
    customerConnected: 'Customer connected',
    start: 'Start',
    end: 'End',
    remove: 'Remove from list',
    customerCamera: "Customer's camera",
    skip: 'Skip',
    pin: 'Enter your six-digit PIN code',
    connect: 'Connect',
    allowCamera: 'Allow camera and microphone',
    proceed: 'Continue',
    accept: 'Accept',
    decline: 'Decline',
    pleaseWait: 'Please wait',
    yourSession: 'Your session',
    disconnect: 'Disconnect',
    sessionOver: 'The session is over',
    smsTab: 'SMS',
    emailTab: 'Email',
    sessions: 'Sessions',
    addTechnician: 'Add technician',
    useHere: 'Use here',
    tryAgain: 'Try again',
    linkDoesNotOpen: 'This link does not open',
    pinDoesNotOpen: 'This PIN does not open a session',
    pauseCamera: 'Pause camera',
    stay: 'Stay in the session',
    yesDisconnect: 'Yes, disconnect',
    paused: 'Paused',
    phoneLocked: 'The customer’s phone is locked or shows another app. The last picture is shown',
    customerCut: 'The customer’s connection was interrupted. Reconnecting…',
    connectionCut: 'The connection was interrupted.',
    technicianAway: 'is away for a moment.',
    view: 'View',
    quality: 'Quality',
    shortcuts: 'Keyboard shortcuts',
  },
  de: {
    email: 'E-Mail-Adresse',
    password: 'Passwort',
    signIn: 'Anmelden',
    newSession: 'Neue Sitzung',
    name: 'Name',
    pinTab: 'PIN-Code',
    createPin: 'PIN-Code erstellen',
    linkTab: 'Link',
    copyLink: 'Link in die Zwischenablage kopieren',
    customerConnected: 'Kunde verbunden',
    start: 'Starten',
    end: 'Beenden',
    remove: 'Aus der Liste entfernen',
    customerCamera: 'Kamera des Kunden',
    skip: 'Überspringen',
    pin: 'Sechsstelligen PIN-Code eingeben',
    connect: 'Verbinden',
    allowCamera: 'Kamera und Mikrofon erlauben',
    proceed: 'Weiter',
    accept: 'Annehmen',
    decline: 'Ablehnen',
    pleaseWait: 'Bitte warten',
    yourSession: 'Ihre Sitzung',
    disconnect: 'Trennen',
    sessionOver: 'Die Sitzung ist beendet',
    smsTab: 'SMS',
    emailTab: 'E-Mail',
    sessions: 'Sitzungen',
    addTechnician: 'Techniker hinzufügen',
    useHere: 'Hier verwenden',
    tryAgain: 'Erneut versuchen',
    linkDoesNotOpen: 'Dieser Link lässt sich nicht öffnen',
    pinDoesNotOpen: 'Diese PIN öffnet keine Sitzung',
    pauseCamera: 'Kamera anhalten',
    stay: 'In der Sitzung bleiben',
    yesDisconnect: 'Ja, trennen',
    paused: 'Angehalten',
    phoneLocked: 'Das Telefon des Kunden ist gesperrt oder zeigt eine andere App. Sie sehen das letzte Bild',
    customerCut: 'Die Verbindung des Kunden wurde unterbrochen. Sie wird wiederhergestellt …',
    connectionCut: 'Die Verbindung wurde unterbrochen.',
    technicianAway: 'ist kurz weg.',
    view: 'Ansicht',
    quality: 'Qualität',
    shortcuts: 'Tastenkürzel',
  },
} as const satisfies Record<Tongue, Record<string, string>>;

/** Only ends a hopeless run; nothing here is measured by it. */
const STEP_TIMEOUT_MS = 20_000;

const LOCALES = { de: 'de-DE', en: 'en-GB' } as const;

/** Someone with a browser window of their own. */
class Person {
  readonly page: Page;
  readonly words: (typeof WORDS)[Tongue];

  constructor(page: Page, tongue: Tongue) {
    this.page = page;
    this.words = WORDS[tongue];
  }

  static async openPage(
    browser: Browser,
    tongue: Tongue,
    options: Partial<ContextOptions>,
  ): Promise<{ context: BrowserContext; page: Page }> {
    const context = await openContext(browser, {
      locale: LOCALES[tongue],
      viewport: DESKTOP,
      ...options,
    });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_TIMEOUT_MS);
    return { context, page };
  }

  press(name: string): Promise<void> {
    return this.page.getByRole('button', { name, exact: true }).first().click();
  }

  sees(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor();
  }

  noLongerSees(text: string): Promise<void> {
    return this.page.getByText(text).first().waitFor({ state: 'hidden' });
  }

  /** The page's newest media connection is up. */
  async mediaConnected(): Promise<void> {
    await this.page.waitForFunction(() => {
      const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
      return connections.at(-1)?.connectionState === 'connected';
    });
  }

  /** Closes the window without a word, as people do. */
  goAway(): Promise<void> {
    return this.page.context().close();
  }
}

export class Technician extends Person {
  static async signIn(
    browser: Browser,
    origin: string,
    tongue: Tongue,
    options: Partial<ContextOptions> & { credentials?: Credentials } = {},
  ): Promise<Technician> {
    const { credentials = ADMIN, ...contextOptions } = options;
    const { page } = await Person.openPage(browser, tongue, contextOptions);
    const technician = new Technician(page, tongue);
    const { email, password, signIn, newSession } = technician.words;
    await page.goto(`${origin}/console`);
    await page.getByLabel(email).fill(credentials.email);
    await page.getByLabel(password, { exact: true }).fill(credentials.password);
    await technician.press(signIn);
    await page.getByRole('button', { name: newSession, exact: true }).first().waitFor();
    return technician;
  }

  async openDialog(name = ''): Promise<void> {
    await this.press(this.words.newSession);
    if (name !== '') {
      await this.page.getByRole('dialog').getByLabel(this.words.name, { exact: true }).fill(name);
    }
  }

  /** Makes a session by PIN and reads the digits from the dialog. */
  async createPin(name = ''): Promise<string> {
    await this.openDialog(name);
    return this.readNewPin();
  }

  /** In the open dialog. */
  async readNewPin(): Promise<string> {
    const dialog = this.page.getByRole('dialog');
    await dialog.getByRole('button', { name: this.words.createPin, exact: true }).click();
    const digits = dialog.getByText(/^\s*\d{3}\s?\d{3}\s*$/).first();
    await digits.waitFor();
    return ((await digits.textContent()) ?? '').replaceAll(/\D/g, '');
  }

  /** Makes a session by link and takes the link out of the clipboard. */
  async createLink(name = ''): Promise<string> {
    await this.openDialog(name);
    const dialog = this.page.getByRole('dialog');
    await dialog.getByRole('tab', { name: this.words.linkTab, exact: true }).click();
    await dialog.getByRole('button', { name: this.words.copyLink, exact: true }).click();
    await dialog
      .getByText(/\/j\/[\w-]{43}/)
      .first()
      .waitFor();
    return this.page.evaluate(() => navigator.clipboard.readText());
  }

  async start(): Promise<void> {
    await this.press(this.words.start);
  }

  /** The customer's camera is on the screen. */
  async pictureArrives(): Promise<void> {
    const video = this.page.getByLabel(this.words.customerCamera, { exact: true }).first();
    await video.evaluate(
      (element) =>
        new Promise<void>((resolve) => {
          (element as HTMLVideoElement).requestVideoFrameCallback(() => resolve());
        }),
    );
  }

  /** The last picture is marked as such, with the time since. */
  pictureIsPaused(): Promise<void> {
    return this.page
      .getByText(new RegExp(`^\\s*${this.words.paused}\\s+\\d+:\\d\\d`))
      .first()
      .waitFor();
  }

  async end(): Promise<void> {
    await this.press(this.words.end);
    const confirm = this.page.getByRole('dialog').getByRole('button', { name: this.words.end, exact: true });
    const removal = this.page.getByRole('button', { name: this.words.remove }).first();
    await confirm.or(removal).first().waitFor();
    if (await confirm.isVisible()) {
      await confirm.click();
    }
    await removal.waitFor();
  }
}

export class Customer extends Person {
  static async open(
    browser: Browser,
    address: string,
    tongue: Tongue,
    options: Partial<ContextOptions> = {},
  ): Promise<Customer> {
    const { page } = await Person.openPage(browser, tongue, { viewport: PHONE, phone: true, ...options });
    await page.goto(address);
    return new Customer(page, tongue);
  }

  async typePin(pin: string): Promise<void> {
    await this.press(this.words.skip);
    await this.page.getByLabel(this.words.pin).fill(pin);
    await this.press(this.words.connect);
  }

  /** Tells the page what a phone's system tells it; Chromium on a desktop has no lock. */
  async lockPhone(locked: boolean): Promise<void> {
    await this.page.evaluate(
      (state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      },
      locked ? 'hidden' : 'visible',
    );
  }

  /** Camera, preview, terms, until waiting. */
  async join(): Promise<void> {
    await this.press(this.words.allowCamera);
    await this.press(this.words.proceed);
    await this.press(this.words.accept);
    await this.page.getByRole('heading', { name: this.words.pleaseWait }).waitFor();
  }
}

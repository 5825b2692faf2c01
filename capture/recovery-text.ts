import { msg } from '@lit/localize';
import type { BrowserKind } from './browser.ts';
import type { CameraProblem } from './user-media.ts';

/** What to say when the camera did not open: what is so, and what to do, step by step. */
export type Recovery = { title: string; text: string; steps: string[] };

export function recoveryOf(problem: CameraProblem, browser: BrowserKind): Recovery {
  switch (problem) {
    case 'denied':
      return browser === 'inApp'
        ? openElsewhere()
        : {
            title: msg('The camera is not allowed yet'),
            text: msg('Without the camera the technician cannot see anything. You can allow it like this:'),
            steps: allowSteps(browser),
          };
    case 'microphoneDenied':
      return {
        title: msg('The microphone is not allowed yet'),
        text: msg(
          'You can allow it like this, or continue without it. The technician then sees you but cannot hear you.',
        ),
        steps: allowSteps(browser),
      };
    case 'noCamera':
      return {
        title: msg('No camera found'),
        text: msg('This device has no camera that the browser can use.'),
        steps: [
          msg('If it is an external camera, plug it in.'),
          msg('Or open this page on a phone or tablet.'),
        ],
      };
    case 'noMicrophone':
      return {
        title: msg('No microphone found'),
        text: msg('You can continue without a microphone. The technician then sees you but cannot hear you.'),
        steps: [],
      };
    case 'inUse':
      return {
        title: msg('The camera is in use'),
        text: msg('Another app is using the camera at the moment.'),
        steps: [msg('Close other apps and pages that use the camera.'), msg('Then tap “Try again”.')],
      };
    case 'microphoneInUse':
      return {
        title: msg('The microphone is in use'),
        text: msg(
          'Another app is using the microphone, perhaps a phone call. You can continue without the microphone and go on talking there.',
        ),
        steps: [],
      };
    case 'insecure':
      return {
        title: msg('The address is not secure'),
        text: msg(
          'Browsers allow the camera only on pages whose address starts with https://. Please open this page there.',
        ),
        steps: [],
      };
    case 'unsupported':
      return openElsewhere();
    case 'failed':
      return {
        title: msg('The camera did not start'),
        text: msg('The browser did not say why.'),
        steps: [msg('Close other apps that use the camera.'), msg('If it does not help, restart the phone.')],
      };
  }
}

function openElsewhere(): Recovery {
  return {
    title: msg('The camera does not work here'),
    text: msg(
      'The app in which this page is open does not let it use the camera. Please open the page in your usual browser.',
    ),
    steps: [
      msg('Tap the menu (three dots or the share symbol) and choose “Open in browser”.'),
      msg('Or copy the address and paste it into Chrome or Safari.'),
    ],
  };
}

/** Wording of the menus as the browsers have had them since 2024. */
function allowSteps(browser: BrowserKind): string[] {
  switch (browser) {
    case 'chromeAndroid':
      return [
        msg('Tap the symbol to the left of the address.'),
        msg('Tap “Permissions” and switch on camera and microphone.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'samsung':
      return [
        msg('Tap the lock to the left of the address.'),
        msg('Tap “Permissions” and switch on camera and microphone.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'firefoxAndroid':
      return [
        msg('Tap the lock or shield to the left of the address.'),
        msg('Tap “Blocked” beside camera and microphone, so that it says “Allowed”.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'safariIos':
      return [
        msg('Tap the symbol beside the address (“aA” or a small page).'),
        msg('Tap “Website Settings” and set camera and microphone to “Allow”.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'otherIos':
      return [
        msg('Open the “Settings” of your iPhone or iPad.'),
        msg('Choose this browser from the list of apps and switch on camera and microphone.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'safariMac':
      return [
        msg('Choose “Safari” and “Settings for this website” in the menu bar.'),
        msg('Set camera and microphone to “Allow”.'),
        msg('Come back here and tap “Try again”.'),
      ];
    case 'inApp':
    case 'desktop':
      return [
        msg('Click the symbol to the left of the address.'),
        msg('Switch on camera and microphone.'),
        msg('Come back here and tap “Try again”.'),
      ];
  }
}

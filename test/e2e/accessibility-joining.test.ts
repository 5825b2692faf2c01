/**
 * axe-core on every screen up to a session, of one, and of its interruptions, in both languages and on the smallest phone. Real: relay, pages, Chromium. The tour
 * is in several files, because a test file is the unit that runs beside others.
 */
import { nothingSerious } from '../support/accessibility.ts';

nothingSerious('joining', 25, ['en', 'de']);

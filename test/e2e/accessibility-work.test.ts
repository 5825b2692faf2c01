/**
 * axe-core on administration, channels, appointments, the work on the picture and the archive, in both languages and on the smallest phone. Real: relay, pages, Chromium. The tour
 * is in several files, because a test file is the unit that runs beside others.
 */
import { nothingSerious } from '../support/accessibility.ts';

nothingSerious('work', 20, ['en', 'de']);

/** Real: how cameras are told apart. The labels have the form in which phones and computers give them. */
import fc from 'fast-check';
import t from 'tap';
import { lensesOf } from '../../capture/lenses.ts';

const of = (...labels: string[]) =>
  lensesOf(labels.map((label, i) => ({ deviceId: `id${i}`, label }))).map(
    ({ deviceId, kind, number }) => `${deviceId.slice(2)} ${kind}${number > 0 ? ` ${number}` : ''}`,
  );

t.test('iPhones, in the languages of their owners', async (t) => {
  t.same(
    of(
      'Front Camera',
      'Back Triple Camera',
      'Back Dual Wide Camera',
      'Back Ultra Wide Camera',
      'Back Dual Camera',
      'Back Camera',
      'Back Telephoto Camera',
    ),
    ['5 wide', '3 ultraWide', '6 tele', '0 front'],
    'iPhone 15 Pro, English',
  );
  t.same(
    of(
      'Frontkamera',
      'Rückseitige Triple-Kamera',
      'Rückseitige Dual-Weitwinkelkamera',
      'Rückseitige Ultra-Weitwinkelkamera',
      'Rückseitige Dual-Kamera',
      'Rückkamera',
      'Rückseitige Telekamera',
    ),
    ['5 wide', '3 ultraWide', '6 tele', '0 front'],
    'German',
  );
  t.same(
    of(
      'Caméra avant',
      'Caméra arrière',
      'Caméra arrière ultra grand angle',
      'Téléobjectif de l’appareil photo arrière',
    ),
    ['1 wide', '2 ultraWide', '3 tele', '0 front'],
    'French',
  );
  t.same(of('前面カメラ', '背面カメラ', '背面超広角カメラ', '背面望遠カメラ', '背面デュアルカメラ'), [
    ...['1 wide', '2 ultraWide', '3 tele', '0 front'],
  ]);
  t.same(of('Front Camera', 'Back Camera'), ['1 wide', '0 front'], 'iPhone SE');
});

t.test('Android numbers its cameras and says only where they look', async (t) => {
  t.same(
    of(
      'camera2 1, facing front',
      'camera2 3, facing front',
      'camera2 2, facing back',
      'camera2 0, facing back',
    ),
    ['3 wide 1', '2 wide 2', '0 front 1', '1 front 2'],
    'Galaxy S21',
  );
  t.same(of('camera2 0, facing back', 'camera2 1, facing front'), ['0 wide', '1 front'], 'Pixel');
  t.same(of('Facing back:0', 'Facing front:1'), ['0 wide', '1 front'], 'Firefox');
});

t.test('computers have what is plugged in; a joined camera alone is as good as a plain one', async (t) => {
  t.same(of('FaceTime HD Camera (Built-in)', 'Logitech BRIO (046d:085e)'), ['0 front', '1 other']);
  t.same(of('HD Webcam', 'Microsoft Camera Rear', 'Microsoft Camera Front', 'Microsoft IR Camera Front'), [
    ...['1 wide', '2 front', '0 other'],
  ]);
  t.same(of('Back Dual Wide Camera', 'Front Camera'), ['0 wide', '1 front']);
  t.same(of('Front TrueDepth Camera', 'Front Camera', 'Back Camera'), ['2 wide', '1 front']);
});

t.test('without permission there are no labels, and no names to choose from', async (t) => {
  t.same(lensesOf([{ deviceId: '', label: '' }]), []);
  t.same(of('', ''), ['0 other 1', '1 other 2']);
});

t.test('whatever the labels are, no camera appears twice and none is made up', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.string(), { maxLength: 12 }), (labels) => {
      const ids = lensesOf(labels.map((label, i) => ({ deviceId: `${i}`, label }))).map(
        ({ deviceId }) => deviceId,
      );
      return new Set(ids).size === ids.length && ids.every((id) => Number(id) < labels.length);
    }),
  );
  t.pass('over random lists');
});

/** Real: the count of bytes. Faked: the browser's reports. */
import t from 'tap';
import { DataMeter } from '../../capture/data-meter.ts';

const transport = (bytesSent: number, bytesReceived: number) => [
  { type: 'transport', bytesSent, bytesReceived },
];

t.test('counts on over connections that take each other’s place, and stills beside them', async (t) => {
  const meter = new DataMeter();
  meter.count(transport(1_000, 100));
  meter.count(transport(3_000, 150));
  t.same(meter.total, { sent: 3_000, received: 150 });
  meter.count(transport(500, 50));
  t.same(meter.total, { sent: 3_500, received: 200 }, 'a new connection begins at nothing');
  meter.sent(40_000);
  meter.count(transport(600, 50));
  t.same(meter.total, { sent: 43_600, received: 200 });
});

t.test('without a transport in the report the pairs are counted, and nothing twice', async (t) => {
  const pair = { type: 'candidate-pair', bytesSent: 10, bytesReceived: 20 };
  const meter = new DataMeter();
  meter.count([pair, { ...pair, bytesSent: 1, bytesReceived: 2 }, { type: 'codec' }]);
  t.same(meter.total, { sent: 11, received: 22 });
  const both = new DataMeter();
  both.count([...transport(10, 20), pair]);
  t.same(both.total, { sent: 10, received: 20 });
  both.count([]);
  t.same(both.total, { sent: 10, received: 20 }, 'a report that says nothing');
});

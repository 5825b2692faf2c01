/** How many bytes a session has cost, from what the browser counts of each media connection and from the stills beside it. */

/** What of a report is needed; tests pass arrays of entries. */
type Report = { forEach(each: (entry: Record<string, unknown>) => void): void };

type Count = { sent: number; received: number };

export class DataMeter {
  #total: Count = { sent: 0, received: 0 };
  /** Of the connection that was looked at last. */
  #last: Count = { sent: 0, received: 0 };

  get total(): Count {
    return { ...this.#total };
  }

  /** @param report of the connection in use; a counter that has fallen is that of a new one */
  count(report: Report): void {
    const now = countOf(report);
    if (now) {
      const isNew = now.sent < this.#last.sent || now.received < this.#last.received;
      const before = isNew ? { sent: 0, received: 0 } : this.#last;
      this.#total.sent += now.sent - before.sent;
      this.#total.received += now.received - before.received;
      this.#last = now;
    }
  }

  /** Bytes beside the media connection. */
  sent(bytes: number): void {
    this.#total.sent += bytes;
  }
}

/** Of the transport; browsers without one in their report count in the pairs of addresses. */
function countOf(report: Report): Count | undefined {
  const counts: Record<'transport' | 'candidate-pair', Count[]> = { transport: [], 'candidate-pair': [] };
  report.forEach((entry) => {
    const { type, bytesSent, bytesReceived } = entry;
    if (
      (type === 'transport' || type === 'candidate-pair') &&
      typeof bytesSent === 'number' &&
      typeof bytesReceived === 'number'
    ) {
      counts[type].push({ sent: bytesSent, received: bytesReceived });
    }
  });
  const found = counts.transport.length > 0 ? counts.transport : counts['candidate-pair'];
  return found.length === 0
    ? undefined
    : {
        sent: found.reduce((sum, { sent }) => sum + sent, 0),
        received: found.reduce((sum, { received }) => sum + received, 0),
      };
}

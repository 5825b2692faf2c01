/** A real SMTP server with one account, without TLS; refuses recipients whose address begins with `nobody`. */
import { SMTPServer } from 'smtp-server';

export const MAIL_ACCOUNT = { user: 'help', password: 'smtp password' };

export type MailServer = { port: number; mails: { to: string[]; text: string }[]; close(): Promise<void> };

export async function startMailServer(): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth(auth, _session, done) {
      const good = auth.username === MAIL_ACCOUNT.user && auth.password === MAIL_ACCOUNT.password;
      done(good ? null : new Error('wrong password'), { user: 'help' });
    },
    onRcptTo({ address }, _session, done) {
      done(
        address.startsWith('nobody')
          ? Object.assign(new Error('no such mailbox'), { responseCode: 550 })
          : null,
      );
    },
    onData(stream, session, done) {
      let text = '';
      stream.on('data', (part: Buffer) => {
        text += part.toString();
      });
      stream.on('end', () => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text });
        done();
      });
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await new Promise((resolve) => listening.once('listening', resolve));
  const address = listening.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

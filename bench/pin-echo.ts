/**
 * What `bench pin` compares with: uWebSockets.js as its examples show it, which sends back whatever comes. A process of its own;
 * tells its port over IPC and ends with its parent.
 */
import uWS from 'uWebSockets.js';

const app = uWS.App().ws('/*', {
  message: (socket, message, isBinary) => {
    socket.send(message, isBinary);
  },
});
app.listen('127.0.0.1', 0, (token) => {
  process.send?.({ port: token ? uWS.us_socket_local_port(token) : 0 });
});
process.on('disconnect', () => process.exit(0));

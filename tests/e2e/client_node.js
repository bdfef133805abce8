// What an application does with @kubernetes/client-node: objects, patches, an informer, a watch, server-side apply.
import net from 'node:net';
import { Readable, Writable } from 'node:stream';
import * as k8s from '@kubernetes/client-node';

const namespace = process.argv[2];
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const said = {};

const informed = [];
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const labelSelector = 'app=js';
const informer = k8s.makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace, labelSelector }), labelSelector);
const finished = new Promise((resolve, reject) => {
  for (const verb of ['add', 'update', 'delete']) {
    informer.on(verb, (found) => {
      informed.push(`${verb} ${found.metadata.name}`);
      if (verb === 'delete') resolve();
    });
  }
  informer.on('error', reject);
});
await informer.start();

const made = await core.createNamespacedConfigMap({
  namespace, body: { metadata: { name: 'm', labels: { app: 'js' } }, data: { a: '1' } },
});
said.made = made.data.a;
const patched = await core.patchNamespacedConfigMap(
  { name: 'm', namespace, body: { data: { b: '2' } } },
  k8s.setHeaderOptions('Content-Type', k8s.PatchStrategy.StrategicMergePatch),
);
said.patched = patched.data;
said.watched = await new Promise((resolve, reject) => {
  const watch = new k8s.Watch(config);
  watch.watch(path, { labelSelector }, (type) => resolve(type), (error) => error && reject(error)).then((request) => {
    setTimeout(() => request.abort(), 5000).unref();
  });
});
await core.deleteNamespacedConfigMap({ name: 'm', namespace });
try {
  await core.readNamespacedConfigMap({ name: 'm', namespace });
} catch (error) {
  said.missing = error.code;
}
await finished;
await informer.stop();
said.informed = informed;

const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const applied = await objects.patch(
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 's', namespace }, data: { a: '1' } },
  undefined, undefined, 'js', true, k8s.PatchStrategy.ServerSideApply,
);
said.applied = applied.metadata.managedFields[0].manager;
// A pod whose manifest the test has made: commands with their status, its log, a port of it.
const pod = process.argv[3];
const kept = () => {
  const sink = new Writable({ write(piece, _, done) { sink.text += piece.toString(); done(); } });
  sink.text = '';
  return sink;
};
const [out, err] = [kept(), kept()];
const status = await new Promise((resolve, reject) => {
  const command = ['sh', '-c', 'cat; echo bad >&2; echo told > /proc/1/fd/1; exit 3'];
  const given = Readable.from([Buffer.from('x'.repeat(100000))]);
  new k8s.Exec(config).exec(namespace, pod, 'web', command, out, err, given, false, resolve).catch(reject);
});
said.executed = [out.text.length, err.text, status.details.causes[0].message];
const forwarder = new k8s.PortForward(config);
const server = net.createServer((socket) => forwarder.portForward(namespace, pod, [8080], socket, null, socket));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
said.forwarded = await new Promise((resolve, reject) => {
  const socket = net.createConnection(server.address().port, '127.0.0.1');
  let text = '';
  socket.on('error', reject).on('data', (piece) => {
    text += piece;
    if (/You've hit \S+\n/.test(text)) resolve(text.split('\n').at(-2));
  });
  socket.write('GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n');
});
server.close();
const log = kept();
const following = await new k8s.Log(config).log(namespace, pod, 'web', log, { follow: true, tailLines: 1, timestamps: true });
while (!log.text.includes('\n')) await new Promise((resolve) => setImmediate(resolve));
following.abort();
said.logged = /^\d{4}-\d\d-\d\dT[\d:.]+Z .+\n/.test(log.text);
console.log(JSON.stringify(said));
process.exit(0);

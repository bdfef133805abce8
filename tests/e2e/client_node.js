// What an application does with @kubernetes/client-node: objects, patches, an informer, a watch, server-side apply.
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
console.log(JSON.stringify(said));
process.exit(0);

// A device on the unmodified Node SDKs, driven by a test: registers, connects, and reports on standard output,
// one JSON object a line. What it is to be comes as one JSON argument; it ends when standard input does.
'use strict';
const fs = require('fs');
const { Client, Message } = require('azure-iot-device');
const mqtt = require('azure-iot-device-mqtt');
const { ProvisioningDeviceClient } = require('azure-iot-provisioning-device');
const provisioning = require('azure-iot-provisioning-device-mqtt');
const { SymmetricKeySecurityClient } = require('azure-iot-security-symmetric-key');
const { X509Security } = require('azure-iot-security-x509');

const plan = JSON.parse(process.argv[2]);
const ca = fs.readFileSync(plan.ca, 'utf8');
const x509 = plan.certificate && {
  cert: fs.readFileSync(plan.certificate, 'utf8'),
  key: fs.readFileSync(plan.keyFile, 'utf8'),
};
const say = (what, value) => process.stdout.write(`${JSON.stringify({ what, value })}\n`);

function register() {
  const security = x509
    ? new X509Security(plan.id, x509)
    : new SymmetricKeySecurityClient(plan.id, plan.key);
  const transport = plan.websocket ? new provisioning.MqttWs() : new provisioning.Mqtt();
  // The SDK takes a CA through Node's own option (NODE_EXTRA_CA_CERTS); the test sets it.
  return ProvisioningDeviceClient.create(plan.host, plan.scope, transport, security).register();
}

async function live(hub) {
  const credentials = x509 ? 'x509=true' : `SharedAccessKey=${plan.key}`;
  const transport = plan.websocket ? mqtt.MqttWs : mqtt.Mqtt;
  const client = Client.fromConnectionString(`HostName=${hub};DeviceId=${plan.id};${credentials}`, transport);
  await client.setOptions({ ca, ...(x509 || {}), modelId: 'dtmi:test:thermostat;1' });
  client.on('error', (error) => say('error', error.message));
  client.on('message', (message) => {
    say('message', { body: message.data.toString(), id: message.messageId });
    client.complete(message, () => say('completed', null));
  });
  client.onDeviceMethod('reboot', (request, response) => {
    response.send(202, { got: request.payload }, () => say('method', request.methodName));
  });
  await client.open();
  const twin = await client.getTwin();
  twin.on('properties.desired', (patch) => say('desired', patch));
  await new Promise((resolve, reject) => {
    twin.properties.reported.update({ fan: { speed: 3 } }, (error) => (error ? reject(error) : resolve()));
  });
  const message = new Message(JSON.stringify({ temperature: 21.5 }));
  message.contentType = 'application/json';
  message.contentEncoding = 'utf-8';
  message.properties.add('room', 'a&b=c');
  await client.sendEvent(message);
  say('ready', null);
  process.stdin.on('end', () => client.close(() => process.exit(0)));
  process.stdin.resume();
}

register()
  .then((result) => {
    say('registered', { hub: result.assignedHub, device: result.deviceId });
    return live(result.assignedHub);
  })
  .catch((error) => {
    say('failed', `${error.name}: ${error.message}`);
    process.exit(1);
  });

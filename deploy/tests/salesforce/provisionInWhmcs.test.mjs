import assert from 'node:assert/strict';
import test from 'node:test';
import { apex } from './apex.mjs';
import { notified } from './lightning_uiRecordApi.mjs';
import Action from './provisionInWhmcs.mjs';

function action() {
    const element = new Action();
    element.recordId = '801';
    return element;
}

test('a click requests the order, says so, and reloads it', async () => {
    const sent = [];
    apex['ProvisioningController.request'] = async (parameters) => sent.push(parameters);
    const element = action();
    await element.invoke();
    assert.deepEqual(sent, [{ orderId: '801' }]);
    assert.equal(element.events[0].detail.variant, 'success');
    assert.deepEqual(notified, [{ recordId: '801' }]);
});

test('a second click while the first runs does nothing', async () => {
    let calls = 0;
    let finish;
    apex['ProvisioningController.request'] = () => {
        calls += 1;
        return new Promise((resolve) => {
            finish = resolve;
        });
    };
    const element = action();
    const first = element.invoke();
    await element.invoke();
    assert.equal(calls, 1);
    finish();
    await first;
    element.invoke();
    assert.equal(calls, 2);
});

test('a refusal is its sentence; any other failure has one, too', async () => {
    const element = action();
    apex['ProvisioningController.request'] = async () => Promise.reject({ body: { message: 'You may not' } });
    await element.invoke();
    apex['ProvisioningController.request'] = async () => Promise.reject(new Error('offline'));
    await element.invoke();
    assert.equal(element.events[0].detail.title, 'You may not');
    assert.ok(element.events[1].detail.title);
    assert.ok(element.events.every((event) => event.detail.variant === 'error'));
});

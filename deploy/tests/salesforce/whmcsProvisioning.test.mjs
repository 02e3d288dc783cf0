import assert from 'node:assert/strict';
import test, { mock } from 'node:test';
import { apex } from './apex.mjs';
import { notified } from './lightning_uiRecordApi.mjs';
import Card from './whmcsProvisioning.mjs';

// No test waits, and none keeps the process alive.
mock.timers.enable({ apis: ['setTimeout'] });

const FIELDS = {
    Provisioning_Status__c: { value: 'Failed' },
    Provisioning_Error_Code__c: { value: 'PAYMENT_METHOD_MISSING' },
    Provisioning_Error_Message__c: { value: 'WHMCS client 1234 has no pay method' },
    WHMCS_Order_ID__c: { value: '1002' },
    Last_Provisioning_At__c: { value: '2026-11-20T10:15:30.000Z' }
};
const VIEW = { requestState: null, whmcsUrl: 'https://billing.example.com/admin/orders.php?action=view&id=1002' };

const MOVING = { requestState: 'Accepted', requestedAt: '2026-11-21T00:00:00Z' };

/** A card whose order has arrived. */
async function card(fields = FIELDS, view = VIEW) {
    apex['ProvisioningController.getView'] = async ({ orderId }) => ({ ...view, orderId });
    const element = new Card();
    element.recordId = '801';
    element.receiveOrder({ data: { fields } });
    await settle();
    return element;
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('the order is wired by its id, with every field that the card shows', () => {
    const [wire] = Card.wires;
    assert.equal(wire.adapter, 'getRecord');
    assert.equal(wire.member, 'receiveOrder');
    assert.equal(wire.config.recordId, '$recordId');
    assert.deepEqual(wire.config.fields.sort(), Object.keys(FIELDS).sort());
});

test('a failed order shows the error, who fixes it and what to do', async () => {
    const shown = await card();
    assert.equal(shown.view.orderId, '801');
    assert.equal(shown.statusText, 'Failed');
    assert.equal(shown.error.code, 'PAYMENT_METHOD_MISSING');
    assert.equal(shown.error.fixedBy, 'Customer');
    assert.match(shown.error.whatToDo, /pay method/);
    assert.equal(shown.buttonText, 'Request again');
    assert.ok(shown.steps.every((step) => step.label && step.value));
});

test('nothing is shown before both have arrived', async () => {
    const empty = new Card();
    assert.deepEqual([empty.isReady, empty.isLoading], [false, true]);
    const shown = await card();
    assert.deepEqual([shown.isReady, shown.isLoading], [true, false]);
});

test('an order that cannot be read is a sentence', async () => {
    const shown = await card();
    apex['ProvisioningController.getView'] = async () => Promise.reject(new Error('no'));
    await shown.readView();
    assert.deepEqual([shown.isReady, shown.isLoading, shown.isUnreadable], [false, false, true]);
    const other = new Card();
    other.receiveOrder({ error: {} });
    assert.equal(other.isUnreadable, true);
});

test('a request is sent once, and the card reads again', async () => {
    const shown = await card();
    const sent = [];
    apex['ProvisioningController.request'] = async (parameters) => {
        sent.push(parameters);
        assert.equal(shown.isRequesting, true);
    };
    apex['ProvisioningController.getView'] = async () => ({ ...MOVING, requestState: 'Sending' });
    await shown.handleRequest();
    assert.deepEqual(sent, [{ orderId: '801' }]);
    assert.equal(shown.events[0].detail.variant, 'success');
    assert.equal(shown.isRequesting, false);
    assert.equal(shown.statusText, 'Requested');
    assert.equal(shown.buttonText, undefined);
    shown.disconnectedCallback();
});

test('a refusal is shown as its sentence', async () => {
    const shown = await card();
    apex['ProvisioningController.request'] = async () => Promise.reject({ body: { message: 'You may not' } });
    await shown.handleRequest();
    assert.deepEqual(shown.events[0].detail, { title: 'You may not', variant: 'error' });
    assert.equal(shown.isRequesting, false);
});

test('while the status moves the card reads again, and stops when it is final or gone', async () => {
    const shown = await card({}, MOVING);
    const before = notified.length;
    mock.timers.tick(5000);
    await settle();
    assert.deepEqual(notified.slice(before), [{ recordId: '801' }]);
    shown.receiveOrder({ data: { fields: { Provisioning_Status__c: { value: 'Provisioned' } } } });
    await settle();
    mock.timers.tick(5000);
    await settle();
    assert.equal(notified.length, before + 1);

    const left = await card({}, MOVING);
    left.disconnectedCallback();
    mock.timers.tick(5000);
    await settle();
    assert.equal(notified.length, before + 1);
});

test('it does not read for ever', async () => {
    const before = notified.length;
    await card({}, MOVING);
    for (let round = 0; round < 200; round += 1) {
        mock.timers.tick(5000);
        await settle();
    }
    assert.equal(notified.length - before, 120);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { progress, STEPS } from './progress.mjs';

const EMPTY = { status: null, errorCode: null, errorMessage: null, whmcsOrderId: null, updatedAt: null };
const NO_REQUEST = { obstacle: null, requestState: null, requestMessage: null, requestedAt: null, whmcsUrl: null };
const EARLIER = '2026-11-20T10:00:00.000Z';
const LATER = '2026-11-20T10:05:00.000Z';

const sent = (requestState, requestedAt = EARLIER) => ({ requestState, requestedAt });

/** Name, what the order has, what the latest request has, what must be shown. */
const CASES = [
    ['nothing has happened', {}, {}, { status: 'none', step: null, button: 'provision' }],
    ['a request is under way', {}, sent('Sending'), { status: 'sending', isMoving: true, button: null }],
    [
        '202 is shown as Activating',
        {},
        sent('Accepted'),
        { status: 'activating', step: 'activating', isMoving: true, button: null }
    ],
    ['so is a published event', {}, sent('Published'), { status: 'activating', isMoving: true }],
    [
        'a refusal is an error, and the order can be requested again',
        {},
        { ...sent('Refused'), requestMessage: 'Why' },
        {
            status: 'refused',
            hasFailed: true,
            button: 'requestAgain',
            error: { code: null, message: 'Why', fixedBy: null }
        }
    ],
    [
        'the suite is at work',
        { status: 'Activating', updatedAt: LATER },
        sent('Accepted'),
        { status: 'activating', isMoving: true, button: null }
    ],
    [
        'a code beside Activating is no error yet',
        { status: 'Activating', errorCode: 'WHMCS_UNAVAILABLE', updatedAt: LATER },
        {},
        { status: 'activating', error: null }
    ],
    ['WHMCS has the order', { status: 'Activating', whmcsOrderId: '7', updatedAt: LATER }, {}, { step: 'ordered' }],
    [
        'the order is provisioned',
        { status: 'Provisioned', whmcsOrderId: '7', updatedAt: LATER },
        { ...sent('Accepted'), obstacle: 'Provisioned already' },
        { status: 'provisioned', step: 'provisioned', button: null, obstacle: null, isMoving: false }
    ],
    [
        'a request does not hide Provisioned',
        { status: 'Provisioned', updatedAt: EARLIER },
        sent('Sending', LATER),
        { status: 'provisioned', button: null }
    ],
    [
        'the order failed',
        { status: 'Failed', errorCode: 'CLIENT_CLOSED', errorMessage: 'Closed', updatedAt: LATER },
        sent('Accepted'),
        {
            status: 'failed',
            step: 'activating',
            hasFailed: true,
            button: 'requestAgain',
            error: { code: 'CLIENT_CLOSED', message: 'Closed', fixedBy: 'Operator' }
        }
    ],
    [
        'a failed order is requested again',
        { status: 'Failed', errorCode: 'CLIENT_CLOSED', updatedAt: EARLIER },
        sent('Accepted', LATER),
        { status: 'activating', hasFailed: false, error: null, isMoving: true }
    ],
    [
        'an unknown code is the developer’s',
        { status: 'Failed', errorCode: 'NEW_CODE', updatedAt: LATER },
        {},
        { error: { code: 'NEW_CODE', message: null, fixedBy: 'Developer' } }
    ],
    ['an obstacle hides the button', {}, { obstacle: 'You may not' }, { button: null, obstacle: 'You may not' }]
];

for (const [name, order, view, expected] of CASES) {
    test(name, () => {
        const shown = progress({ ...EMPTY, ...order }, { ...NO_REQUEST, ...view });
        for (const [key, value] of Object.entries(expected)) {
            assert.deepEqual(shown[key], value, key);
        }
        assert.ok(shown.step === null || STEPS.includes(shown.step));
    });
}

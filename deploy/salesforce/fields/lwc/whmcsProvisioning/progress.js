/** What the card shows, from the order's fields and the latest request. No Salesforce in here. */

/** The steps of an order, by the label of each. */
export const STEPS = ['requested', 'activating', 'ordered', 'provisioned'];

/** Error code → who fixes it. Any other code is the developer's. */
const FIXED_BY = {
    ORDER_NOT_FOUND: 'Admin',
    ORDER_NOT_PROVISIONABLE: 'Operator',
    CLIENT_NOT_LINKED: 'Operator',
    CLIENT_MISMATCH: 'Operator',
    CLIENT_CLOSED: 'Operator',
    PAYMENT_METHOD_MISSING: 'Customer',
    MAPPING_FAILED: 'Admin',
    WHMCS_REJECTED: 'Operator',
    WHMCS_SETUP_FAILED: 'Operator',
    WHMCS_UNAVAILABLE: 'Time',
    SALESFORCE_UNAVAILABLE: 'Time',
    WHMCS_OUTCOME_UNKNOWN: 'Operator',
    SALESFORCE_REJECTED: 'Admin',
    PROVISIONING_ERROR: 'Developer'
};

/**
 * @param order {status, errorCode, errorMessage, whmcsOrderId, updatedAt}; each is null when the field is empty
 * @param view what ProvisioningController.getView returns
 * @returns {status, step, hasFailed, error: {code, message, fixedBy} | null,
 *          button: 'provision' | 'requestAgain' | null, obstacle, isMoving}: `status` and `step` are keys of labels,
 *          `obstacle` is why there is no button, `isMoving` means that the status will change by itself
 */
export function progress(order, view) {
    const status = currentStatus(order, view);
    const isMoving = ['sending', 'activating'].includes(status);
    return {
        status,
        step: step(status, order),
        hasFailed: ['failed', 'refused'].includes(status),
        error: error(status, order, view),
        button: isMoving || view.obstacle ? null : button(order, view),
        obstacle: isMoving || status === 'provisioned' ? null : view.obstacle,
        isMoving
    };
}

/** The suite's status, unless a later request has not reached it yet. */
function currentStatus(order, view) {
    const isRequestNewer = view.requestedAt && !(new Date(order.updatedAt) > new Date(view.requestedAt));
    if (isRequestNewer && order.status !== 'Provisioned') {
        switch (view.requestState) {
            case 'Sending':
                return 'sending';
            case 'Accepted':
            case 'Published':
                return 'activating';
            case 'Refused':
                return 'refused';
            default:
        }
    }
    switch (order.status) {
        case 'Provisioned':
            return 'provisioned';
        case 'Activating':
            return 'activating';
        case 'Failed':
            return 'failed';
        default:
            return 'none';
    }
}

/** Null before the first. */
function step(status, order) {
    if (status === 'none') {
        return null;
    }
    if (status === 'provisioned') {
        return 'provisioned';
    }
    if (order.whmcsOrderId) {
        return 'ordered';
    }
    return ['activating', 'failed'].includes(status) ? 'activating' : 'requested';
}

/** A code also stands beside Activating, while the suite waits and retries: then nobody has to act yet. */
function error(status, order, view) {
    if (status === 'refused') {
        return { code: null, message: view.requestMessage, fixedBy: null };
    }
    if (status !== 'failed') {
        return null;
    }
    return {
        code: order.errorCode,
        message: order.errorMessage,
        fixedBy: FIXED_BY[order.errorCode] || 'Developer'
    };
}

function button(order, view) {
    if (order.status === 'Provisioned') {
        return null;
    }
    return order.status || view.requestState ? 'requestAgain' : 'provision';
}

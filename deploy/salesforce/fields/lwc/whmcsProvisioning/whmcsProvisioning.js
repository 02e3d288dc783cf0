import { LightningElement, api, wire } from 'lwc';
import { getFieldValue, getRecord, notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import getView from '@salesforce/apex/ProvisioningController.getView';
import request from '@salesforce/apex/ProvisioningController.request';
import STATUS from '@salesforce/schema/Order.Provisioning_Status__c';
import ERROR_CODE from '@salesforce/schema/Order.Provisioning_Error_Code__c';
import ERROR_MESSAGE from '@salesforce/schema/Order.Provisioning_Error_Message__c';
import WHMCS_ORDER_ID from '@salesforce/schema/Order.WHMCS_Order_ID__c';
import UPDATED_AT from '@salesforce/schema/Order.Last_Provisioning_At__c';
import { FIXED_BY, LABELS, WHAT_TO_DO } from './labels';
import { STEPS, progress } from './progress';

/** While the status changes by itself the card reads it again, in ms, for ten minutes at most. */
const INTERVAL = 5000;
const MAX_READS = 120;

/** How an order gets into WHMCS: status, step, error and what to do, and the buttons to request it. */
export default class WhmcsProvisioning extends LightningElement {
    @api recordId;

    labels = LABELS;
    view;
    isUnreadable = false;
    isRequesting = false;
    order;
    timer;
    reads = 0;

    @wire(getRecord, {
        recordId: '$recordId',
        fields: [STATUS, ERROR_CODE, ERROR_MESSAGE, WHMCS_ORDER_ID, UPDATED_AT]
    })
    receiveOrder({ data, error }) {
        if (data) {
            this.order = {
                status: getFieldValue(data, STATUS),
                errorCode: getFieldValue(data, ERROR_CODE),
                errorMessage: getFieldValue(data, ERROR_MESSAGE),
                whmcsOrderId: getFieldValue(data, WHMCS_ORDER_ID),
                updatedAt: getFieldValue(data, UPDATED_AT)
            };
            this.readView();
        } else if (error) {
            this.isUnreadable = true;
        }
    }

    disconnectedCallback() {
        clearTimeout(this.timer);
    }

    async readView() {
        try {
            this.view = await getView({ orderId: this.recordId });
            this.isUnreadable = false;
        } catch (error) {
            this.isUnreadable = true;
        }
        this.readAgainWhileMoving();
    }

    readAgainWhileMoving() {
        clearTimeout(this.timer);
        if (!this.isReady || !this.progress.isMoving || this.reads >= MAX_READS) {
            return;
        }
        this.reads += 1;
        // eslint-disable-next-line @lwc/lwc/no-async-operation
        this.timer = setTimeout(() => this.readAgain(), INTERVAL);
    }

    async readAgain() {
        await notifyRecordUpdateAvailable([{ recordId: this.recordId }]);
        await this.readView();
    }

    async handleRequest() {
        this.isRequesting = true;
        this.reads = 0;
        try {
            await request({ orderId: this.recordId });
            this.toast(LABELS.requested, 'success');
        } catch (error) {
            this.toast(error?.body?.message ?? LABELS.unreadable, 'error');
        }
        this.isRequesting = false;
        await this.readView();
    }

    toast(title, variant) {
        this.dispatchEvent(new ShowToastEvent({ title, variant }));
    }

    get isReady() {
        return Boolean(this.order && this.view && !this.isUnreadable);
    }

    get isLoading() {
        return !this.isReady && !this.isUnreadable;
    }

    get progress() {
        return progress(this.order, this.view);
    }

    get statusText() {
        return LABELS[this.progress.status];
    }

    get steps() {
        return STEPS.map((value) => ({ value, label: LABELS['step' + value[0].toUpperCase() + value.slice(1)] }));
    }

    get error() {
        const error = this.progress.error;
        return (
            error && {
                ...error,
                fixedBy: FIXED_BY[error.fixedBy],
                whatToDo: error.code && (WHAT_TO_DO[error.code] ?? WHAT_TO_DO.PROVISIONING_ERROR)
            }
        );
    }

    get buttonText() {
        return LABELS[this.progress.button];
    }
}

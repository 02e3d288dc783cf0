import { LightningElement, api } from 'lwc';
import { notifyRecordUpdateAvailable } from 'lightning/uiRecordApi';
import { ShowToastEvent } from 'lightning/platformShowToastEvent';
import request from '@salesforce/apex/ProvisioningController.request';
import requested from '@salesforce/label/c.WHMCS_Requested';
import unreadable from '@salesforce/label/c.WHMCS_Unreadable';

/** A headless quick action: Salesforce calls `invoke` on a click and shows no window. */
export default class ProvisionInWhmcs extends LightningElement {
    @api recordId;

    isRequesting = false;

    @api
    async invoke() {
        // Salesforce keeps the button enabled while the action runs.
        if (this.isRequesting) {
            return;
        }
        this.isRequesting = true;
        try {
            await request({ orderId: this.recordId });
            this.toast(requested, 'success');
            await notifyRecordUpdateAvailable([{ recordId: this.recordId }]);
        } catch (error) {
            this.toast(error?.body?.message ?? unreadable, 'error');
        } finally {
            this.isRequesting = false;
        }
    }

    toast(title, variant) {
        this.dispatchEvent(new ShowToastEvent({ title, variant }));
    }
}

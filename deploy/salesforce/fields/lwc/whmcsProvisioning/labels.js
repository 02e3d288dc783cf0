/** The custom labels of the card; translate them in Setup, Translation Workbench. */

import cardTitle from '@salesforce/label/c.WHMCS_Card_Title';
import status from '@salesforce/label/c.WHMCS_Status';
import none from '@salesforce/label/c.WHMCS_Status_None';
import sending from '@salesforce/label/c.WHMCS_Status_Sending';
import activating from '@salesforce/label/c.WHMCS_Status_Activating';
import provisioned from '@salesforce/label/c.WHMCS_Status_Provisioned';
import failed from '@salesforce/label/c.WHMCS_Status_Failed';
import refused from '@salesforce/label/c.WHMCS_Status_Refused';
import stepRequested from '@salesforce/label/c.WHMCS_Step_Requested';
import stepActivating from '@salesforce/label/c.WHMCS_Step_Activating';
import stepOrdered from '@salesforce/label/c.WHMCS_Step_Ordered';
import stepProvisioned from '@salesforce/label/c.WHMCS_Step_Provisioned';
import steps from '@salesforce/label/c.WHMCS_Steps';
import error from '@salesforce/label/c.WHMCS_Error';
import fixedBy from '@salesforce/label/c.WHMCS_Fixed_By';
import whatToDo from '@salesforce/label/c.WHMCS_What_To_Do';
import order from '@salesforce/label/c.WHMCS_Order';
import lastUpdate from '@salesforce/label/c.WHMCS_Last_Update';
import provision from '@salesforce/label/c.WHMCS_Provision';
import requestAgain from '@salesforce/label/c.WHMCS_Request_Again';
import requested from '@salesforce/label/c.WHMCS_Requested';
import loading from '@salesforce/label/c.WHMCS_Loading';
import unreadable from '@salesforce/label/c.WHMCS_Unreadable';
import byAdmin from '@salesforce/label/c.WHMCS_By_Admin';
import byOperator from '@salesforce/label/c.WHMCS_By_Operator';
import byCustomer from '@salesforce/label/c.WHMCS_By_Customer';
import byDeveloper from '@salesforce/label/c.WHMCS_By_Developer';
import byTime from '@salesforce/label/c.WHMCS_By_Time';
import doOrderNotFound from '@salesforce/label/c.WHMCS_Do_ORDER_NOT_FOUND';
import doOrderNotProvisionable from '@salesforce/label/c.WHMCS_Do_ORDER_NOT_PROVISIONABLE';
import doClientNotLinked from '@salesforce/label/c.WHMCS_Do_CLIENT_NOT_LINKED';
import doClientMismatch from '@salesforce/label/c.WHMCS_Do_CLIENT_MISMATCH';
import doClientClosed from '@salesforce/label/c.WHMCS_Do_CLIENT_CLOSED';
import doPaymentMethodMissing from '@salesforce/label/c.WHMCS_Do_PAYMENT_METHOD_MISSING';
import doMappingFailed from '@salesforce/label/c.WHMCS_Do_MAPPING_FAILED';
import doWhmcsRejected from '@salesforce/label/c.WHMCS_Do_WHMCS_REJECTED';
import doWhmcsSetupFailed from '@salesforce/label/c.WHMCS_Do_WHMCS_SETUP_FAILED';
import doWhmcsUnavailable from '@salesforce/label/c.WHMCS_Do_WHMCS_UNAVAILABLE';
import doSalesforceUnavailable from '@salesforce/label/c.WHMCS_Do_SALESFORCE_UNAVAILABLE';
import doWhmcsOutcomeUnknown from '@salesforce/label/c.WHMCS_Do_WHMCS_OUTCOME_UNKNOWN';
import doSalesforceRejected from '@salesforce/label/c.WHMCS_Do_SALESFORCE_REJECTED';
import doProvisioningError from '@salesforce/label/c.WHMCS_Do_PROVISIONING_ERROR';

export const LABELS = {
    cardTitle,
    status,
    none,
    sending,
    activating,
    provisioned,
    failed,
    refused,
    stepRequested,
    stepActivating,
    stepOrdered,
    stepProvisioned,
    steps,
    error,
    fixedBy,
    whatToDo,
    order,
    lastUpdate,
    provision,
    requestAgain,
    requested,
    loading,
    unreadable
};

/** Who fixes an error. */
export const FIXED_BY = {
    Admin: byAdmin,
    Operator: byOperator,
    Customer: byCustomer,
    Developer: byDeveloper,
    Time: byTime
};

/** Error code → what to do. */
export const WHAT_TO_DO = {
    ORDER_NOT_FOUND: doOrderNotFound,
    ORDER_NOT_PROVISIONABLE: doOrderNotProvisionable,
    CLIENT_NOT_LINKED: doClientNotLinked,
    CLIENT_MISMATCH: doClientMismatch,
    CLIENT_CLOSED: doClientClosed,
    PAYMENT_METHOD_MISSING: doPaymentMethodMissing,
    MAPPING_FAILED: doMappingFailed,
    WHMCS_REJECTED: doWhmcsRejected,
    WHMCS_SETUP_FAILED: doWhmcsSetupFailed,
    WHMCS_UNAVAILABLE: doWhmcsUnavailable,
    SALESFORCE_UNAVAILABLE: doSalesforceUnavailable,
    WHMCS_OUTCOME_UNKNOWN: doWhmcsOutcomeUnknown,
    SALESFORCE_REJECTED: doSalesforceRejected,
    PROVISIONING_ERROR: doProvisioningError
};

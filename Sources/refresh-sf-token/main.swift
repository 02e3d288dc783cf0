import Orders

refreshSalesforceToken()

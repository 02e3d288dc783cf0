import Orders

Program.run(ProvisioningSettings.init) { settings, account, http, log in
    Provisioning(settings, account, http, log).handle
}

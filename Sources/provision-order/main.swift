import Orders

Provisioning.run()

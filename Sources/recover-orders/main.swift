import Orders

recoverOrders()

import Orders

verifySignature()

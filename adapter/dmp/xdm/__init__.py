"""Documents by secure health mail (MSSanté): the package IHE_XDM.ZIP, the message around it, and how it leaves."""

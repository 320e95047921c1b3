namespace Nub.Memory;

/// <summary>The calls that install a <see cref="RecoveryPage"/>, each of which the system may refuse. Tests refuse them in its place.</summary>
internal unsafe class RecoverySystem
{
    public virtual nint Map(nuint length) => LinuxNative.MMap(
        0, length, LinuxNative.ProtRead | LinuxNative.ProtWrite, LinuxNative.MapPrivate | LinuxNative.MapAnonymous, -1, 0);

    public virtual int Protect(nint address, nuint length) => LinuxNative.MProtect(address, length, LinuxNative.ProtRead | LinuxNative.ProtExecute);

    public virtual int Unmap(nint address, nuint length) => LinuxNative.MUnmap(address, length);

    public virtual int SetAction(int signal, SignalAction* action, SignalAction* earlier) => SignalNative.SigAction(signal, action, earlier);
}

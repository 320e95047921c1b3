using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// A file descriptor of KVM's, closed when its owner is done and no call is inside: a call that runs keeps it open, so a number
/// that was closed, and given to another file, is never used.
/// </summary>
internal sealed class Descriptor : SafeHandle
{
    /// <summary>Takes charge of a descriptor.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <param name="owner">The type that is named when a request is made of it after its end.</param>
    public Descriptor(int descriptor, Type owner) : base(-1, ownsHandle: true)
    {
        SetHandle(descriptor);
        Owner = owner;
    }

    public Type Owner { get; }

    public override bool IsInvalid => handle == -1;

    // Linux closes the descriptor even when close() reports an error, so there is nothing to try again.
    protected override bool ReleaseHandle() => LibC.Close(handle) == 0;
}

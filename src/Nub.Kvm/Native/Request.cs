using System.Runtime.InteropServices;

namespace Nub.Kvm;

/// <summary>
/// A request to KVM: its number, made of the size of its argument as <c>asm-generic/ioctl.h</c> says, and its name for errors.
/// </summary>
internal readonly unsafe struct Request
{
    private const uint KvmType = 0xAE;
    private const uint WriteDirection = 1;
    private const uint ReadDirection = 2;

    private Request(uint direction, int size, uint number, string name)
    {
        Number = direction << 30 | (uint)size << 16 | KvmType << 8 | number;
        Name = name;
    }

    /// <summary>The number.</summary>
    public uint Number { get; }

    /// <summary>The name in <c>linux/kvm.h</c>.</summary>
    public string Name { get; }

    /// <summary>A request with a plain number, or nothing, for an argument (<c>_IO</c>).</summary>
    public static Request Plain(uint number, string name) => new(0, 0, number, name);

    /// <summary>A request that gives the kernel a struct (<c>_IOW</c>).</summary>
    public static Request Write<T>(uint number, string name) where T : unmanaged => new(WriteDirection, sizeof(T), number, name);

    /// <summary>A request that gets a struct from the kernel (<c>_IOR</c>).</summary>
    public static Request Read<T>(uint number, string name) where T : unmanaged => new(ReadDirection, sizeof(T), number, name);

    /// <summary>A request whose struct goes both ways (<c>_IOWR</c>).</summary>
    public static Request ReadWrite<T>(uint number, string name) where T : unmanaged =>
        new(ReadDirection | WriteDirection, sizeof(T), number, name);

    /// <summary>Makes the request, again as long as a signal interrupts it.</summary>
    /// <returns>What the kernel answered, not negative; or -1.</returns>
    public int TryCall(Descriptor descriptor, nint argument, out int errorCode)
    {
        ObjectDisposedException.ThrowIf(descriptor.IsClosed, descriptor.Owner);
        int result;
        do
        {
            result = LibC.IoControl(descriptor, Number, argument);
            errorCode = result < 0 ? Marshal.GetLastPInvokeError() : 0;
        }
        while (errorCode == LibC.Interrupted);
        return result;
    }

    /// <summary>Makes the request with a struct for its argument.</summary>
    /// <inheritdoc cref="TryCall(Descriptor, nint, out int)"/>
    public int TryCall<T>(Descriptor descriptor, ref T argument, out int errorCode) where T : unmanaged
    {
        // Sound: as in Call.
        fixed (T* pointer = &argument)
        {
            return TryCall(descriptor, (nint)pointer, out errorCode);
        }
    }

    /// <summary>Makes the request.</summary>
    /// <returns>What the kernel answered, not negative.</returns>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public int Call(Descriptor descriptor, nint argument = 0)
    {
        int result = TryCall(descriptor, argument, out int errorCode);
        return result >= 0 ? result : throw new KvmException(Name, errorCode);
    }

    /// <summary>Makes the request with a struct for its argument.</summary>
    /// <inheritdoc cref="Call(Descriptor, nint)"/>
    public int Call<T>(Descriptor descriptor, ref T argument) where T : unmanaged
    {
        // Sound: pinned for the call, and the number says how many bytes of it the kernel touches; for the requests with a
        // flexible array the caller passes a buffer that holds as many elements as its header says.
        fixed (T* pointer = &argument)
        {
            return Call(descriptor, (nint)pointer);
        }
    }

    /// <summary>Makes a request that fills a struct.</summary>
    /// <exception cref="KvmException">The kernel refused.</exception>
    public T Get<T>(Descriptor descriptor) where T : unmanaged
    {
        T value = default;
        Call(descriptor, ref value);
        return value;
    }
}

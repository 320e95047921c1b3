using Microsoft.Win32.SafeHandles;

namespace Nub.Virtio;

/// <summary>What the back end says unasked, over a channel of its own (vhost-user, "Back-end communication").</summary>
internal static unsafe class BackendRequest
{
    private const uint ConfigurationChange = 2; // VHOST_USER_BACKEND_CONFIG_CHANGE_MSG

    public static bool IsSocket(SafeFileHandle handle)
    {
        // Sound: nothing is sent and nothing read; an empty send tells only whether the descriptor has the call (ENOTSOCK).
        const int notSocket = 88;
        return LinuxNative.Send(handle, null, 0, LinuxNative.DoNotWait | LinuxNative.NoSignal) >= 0
            || System.Runtime.InteropServices.Marshal.GetLastPInvokeError() != notSocket;
    }

    /// <summary>Tells that the configuration space has changed, if there is room in the channel: the front end that lets it fill up has been told already.</summary>
    public static void SendConfigurationChanged(SafeFileHandle channel)
    {
        Span<byte> message = stackalloc byte[MessageHeader.Layout.Size];
        new MessageHeader { Request = ConfigurationChange, Flags = MessageHeader.Version }.WriteTo(message);
        try
        {
            fixed (byte* bytes = message)
            {
                // Sound: the kernel reads this many bytes of the pinned buffer during the call only.
                _ = LinuxNative.Send(channel, bytes, (nuint)message.Length, LinuxNative.DoNotWait | LinuxNative.NoSignal);
            }
        }
        catch (ObjectDisposedException)
        {
            // The front end has just gone, or replaced the channel.
        }
    }
}

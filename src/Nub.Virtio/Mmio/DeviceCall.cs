namespace Nub.Virtio;

/// <summary>
/// A call of a transport's into a device. Code of the host's that the device calls meanwhile, such as a console's output, may dispose or reset a transport, but must not wait there for what
/// another thread does inside of a device: that one may be waiting for this one.
/// </summary>
internal readonly ref struct DeviceCall : IDisposable
{
    [ThreadStatic]
    private static int t_depth;

    /// <summary>Whether this thread is inside of a device, whichever transport's.</summary>
    public static bool IsUnderWay => t_depth != 0;

    public static DeviceCall Begin()
    {
        t_depth++;
        return default;
    }

    public void Dispose() => t_depth--;
}

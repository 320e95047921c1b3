using System.ComponentModel;
using System.Diagnostics.CodeAnalysis;

namespace Nub.Kvm;

/// <summary>The kernel refused a call.</summary>
[SuppressMessage("Design", "CA1032:Implement standard exception constructors", Justification = "Without the call and its code it would say nothing.")]
public sealed class KvmException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="call">The name of the call that failed, such as <c>KVM_CREATE_VM</c>.</param>
    /// <param name="nativeErrorCode">The kernel's <c>errno</c>.</param>
    /// <param name="attempt">What the call was to do, with the numbers.</param>
    public KvmException(string call, int nativeErrorCode, string? attempt = null)
        : base($"{call} failed with error {nativeErrorCode} ({new Win32Exception(nativeErrorCode).Message}){(attempt is null ? "" : $": {attempt}")}.")
    {
        Call = call;
        NativeErrorCode = nativeErrorCode;
    }

    /// <summary>The name of the call that failed, such as <c>KVM_CREATE_VM</c>.</summary>
    public string Call { get; }

    /// <summary>The kernel's <c>errno</c>; Linux's Documentation/virt/kvm/api.rst says for each call what it means.</summary>
    public int NativeErrorCode { get; }
}
